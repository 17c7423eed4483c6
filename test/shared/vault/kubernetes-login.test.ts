import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FileError } from "../../../shared/errors.ts";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import {
  issuedToken,
  type KubernetesLogin,
  logInWithKubernetes,
} from "../../../shared/vault/kubernetes-login.ts";
import type { VaultAnswer } from "../../../shared/vault/vault-answer.ts";
import { scriptedVault, vaultAnswer, vaultErrors } from "../../support/scripted-vault.ts";

const { signal } = new AbortController();
const login: KubernetesLogin = { mount: "team/k8s", role: "signet", jwt: async () => "canary.jwt\n" };
const auth = { client_token: "hvs.one", lease_duration: 600, renewable: true, token_type: "service" };

async function refusal(answer: VaultAnswer): Promise<KeyServiceError> {
  const error = await logInWithKubernetes(
    scriptedVault(() => answer),
    login,
    signal,
  ).catch((one: unknown) => one);
  assert.ok(error instanceof KeyServiceError, String(error));
  assert.doesNotMatch(`${error.message} ${error.hint}`, /canary/);
  return error;
}

describe("a login", () => {
  it("is asked for at the mount of the auth method, with role and token, and without a token of Vault", async () => {
    const vault = scriptedVault((_, { repeatable }) => {
      assert.equal(repeatable, false);
      return vaultAnswer(200, { auth });
    });
    const token = await logInWithKubernetes(vault, login, signal);
    assert.deepEqual(token, { token: "hvs.one", leaseMs: 600_000, renewable: true, revocable: true });
    assert.deepEqual(vault.calls, [
      {
        what: "POST auth/team/k8s/login",
        token: null,
        query: null,
        body: { role: "signet", jwt: "canary.jwt" },
      },
    ]);
  });

  it("asks for a token of the ServiceAccount each time", async () => {
    let number = 0;
    const vault = scriptedVault(() => vaultAnswer(200, { auth }));
    const counted = { ...login, jwt: async () => `jwt-${++number}` };
    await logInWithKubernetes(vault, counted, signal);
    await logInWithKubernetes(vault, counted, signal);
    assert.deepEqual(
      vault.calls.map(({ body }) => body),
      [1, 2].map((one) => ({ role: "signet", jwt: `jwt-${one}` })),
    );
  });

  // Phrases of the auth method's plugin 0.23, with a canary in what it quotes.
  for (const [status, text, says] of [
    [400, 'invalid role name "canary"', /there is no such role/],
    [400, "missing jwt", /takes the login as wrong/],
    [403, "namespace not authorized", /not for this namespace/],
    [403, "service account name not authorized", /not for a ServiceAccount of this name/],
    [403, "invalid audience (aud) claim: canary", /another audience/],
    [403, "permission denied", /does not accept the ServiceAccount's token/],
    [404, 'no handler for route "canary"', /no auth method is mounted there/],
    [403, "invalid expiration time (exp) claim: canary", /does not accept the ServiceAccount's token/],
  ] as const)
    it(`refused with ${status} "${text}" passes, and says why`, async () => {
      const error = await refusal(vaultErrors(status, text));
      assert.equal(error.fault, "credentials");
      assert.match(error.message, says);
      assert.match(error.message, /as role signet at auth\/team\/k8s/);
    });

  it("that Vault cannot carry out is told as what is wrong with Vault", async () => {
    for (const [answer, fault, says] of [
      [vaultErrors(503, "Vault is sealed"), "unavailable", /is sealed/],
      [vaultErrors(500, "canary"), "unavailable", /Vault failed/],
      [{ ...vaultErrors(429), retryAfterMs: 7000 }, "throttled", /too often/],
    ] as const) {
      const error = await refusal(answer);
      assert.equal(error.fault, fault);
      assert.match(error.message, says);
      assert.equal(error.retryAfterMs, answer.retryAfterMs);
    }
  });

  it("is none when the answer has no token", async () => {
    for (const lacking of [
      {},
      { ...auth, client_token: "" },
      { ...auth, client_token: "a b" },
      { ...auth, lease_duration: -1 },
    ])
      assert.equal((await refusal(vaultAnswer(200, { auth: lacking }))).fault, "unavailable");
  });

  it("is not tried without a token of the ServiceAccount, and says why there is none", async () => {
    const vault = scriptedVault(() => vaultAnswer(200, { auth }));
    for (const [thrown, says] of [
      [new FileError("the file is gone", "mount it"), /to log in to Vault with: the file is gone/],
      [new Error("canary"), /unexpected error/],
    ] as const) {
      const failing = logInWithKubernetes(vault, { ...login, jwt: () => Promise.reject(thrown) }, signal);
      await assert.rejects(failing, (error) => {
        assert.ok(error instanceof KeyServiceError);
        assert.equal(error.fault, "credentials");
        assert.match(error.message, says);
        return true;
      });
    }
    assert.equal(vault.calls.length, 0);
  });

  it("lets through what is known of the key service, and ends with its caller", async () => {
    const vault = scriptedVault(() => vaultAnswer(200, { auth }));
    const known = new KeyServiceError("unavailable", "the API server is gone", "wait");
    await assert.rejects(
      logInWithKubernetes(vault, { ...login, jwt: () => Promise.reject(known) }, signal),
      known,
    );
    const abort = new AbortController();
    const hanging = logInWithKubernetes(
      vault,
      { ...login, jwt: () => new Promise(() => undefined) },
      abort.signal,
    );
    const reason = new Error("given up");
    abort.abort(reason);
    await assert.rejects(hanging, reason);
  });

  it("waits thirty seconds for a token of the ServiceAccount", async (test) => {
    test.mock.timers.enable({ apis: ["setTimeout"] });
    const vault = scriptedVault(() => vaultAnswer(200, { auth }));
    const hanging = logInWithKubernetes(vault, { ...login, jwt: () => new Promise(() => undefined) }, signal);
    test.mock.timers.tick(30_000);
    await assert.rejects(hanging, /none came within 30 s/);
  });
});

describe("a token", () => {
  it("of a batch is neither renewed nor revoked", () => {
    const batch = { ...auth, token_type: "batch", renewable: true };
    assert.deepEqual(issuedToken(vaultAnswer(200, { auth: batch })), {
      token: "hvs.one",
      leaseMs: 600_000,
      renewable: false,
      revocable: false,
    });
  });

  it("without an end is one", () => {
    const endless = issuedToken(vaultAnswer(200, { auth: { ...auth, lease_duration: 0 } }));
    assert.equal(endless?.leaseMs, null);
  });
});
