import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { requestTenantToken } from "../../../controller/vault-kv/tenant-token.ts";
import { scriptedClient } from "../../support/scripted-client.ts";
import { jwtFor } from "./jwt.ts";

const { signal } = new AbortController();
const path = "/api/v1/namespaces/team/serviceaccounts/signet-vault/token";
const ask = (answer: object | number | Error) => {
  const script = scriptedClient([{ method: "POST", path, answer }]);
  const asked = requestTenantToken(script.client, { namespace: "team", audience: "vault" }, signal);
  return { asked, script };
};

describe("the token of a namespace's ServiceAccount", () => {
  test("is asked for by its one name, for Vault alone and ten minutes", async () => {
    const token = jwtFor(["vault"]);
    const { asked, script } = ask({ status: { token } });
    assert.equal(await asked, token);
    assert.deepEqual(script.requests[0]?.body, {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { audiences: ["vault"], expirationSeconds: 600 },
    });
  });

  for (const [status, reason, words] of [
    [404, "VaultAccountMissing", /namespace team has no ServiceAccount signet-vault/],
    [403, "VaultTokenForbidden", /may not request tokens of the ServiceAccount team\/signet-vault/],
  ] as const)
    test(`${status} is told as ${reason}`, async () => {
      await assert.rejects(ask(status).asked, { reason, message: words });
    });

  test("what passes is passed on", async () => {
    await assert.rejects(ask(503).asked, { code: "kube-api", retryable: true });
  });

  for (const [what, answer] of [
    ["another audience", { status: { token: jwtFor(["kubernetes"]) } }],
    ["a further audience", { status: { token: jwtFor(["vault", "kubernetes"]) } }],
    ["no audience", { status: { token: jwtFor([]) } }],
    ["no token", { status: {} }],
    ["no status", {}],
    ["a token that is no JWT", { status: { token: "canary-token" } }],
  ] as const)
    test(`an answer with ${what} is not used, and not quoted`, async () => {
      const { asked } = ask(answer);
      await assert.rejects(asked, (error: Error) => {
        assert.match(error.message, /gave no token .* for the audience of Vault alone/);
        assert.ok(!error.message.includes("canary"));
        return true;
      });
    });
});
