import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AudienceGuard, judgeAudience } from "../../../controller/vault-kv/audience-guard.ts";
import { KubeUnreachableError } from "../../../shared/kube/api-error.ts";
import type { KubeClient, KubeRequest } from "../../../shared/kube/client.ts";
import { jwtFor } from "./jwt.ts";

const { signal } = new AbortController();
const HOUR = 3_600_000;

function scene(answers: (number | Error)[]) {
  const time = { ms: 0 };
  const asked: string[] = [];
  let open = 0;
  const withToken = (token: string): KubeClient => {
    open += 1;
    const unasked = () => assert.fail("not to be asked for");
    return {
      ...{ server: "https://cluster", namespace: null, request: unasked, watch: unasked },
      raw: async ({ method, path }: KubeRequest) => {
        asked.push(`${method} ${path} ${token}`);
        const answer = answers.shift() ?? assert.fail("asked too often");
        if (answer instanceof Error) throw answer;
        return { status: answer, body: new Uint8Array(), contentType: "", retryAfterSeconds: null };
      },
      close: async () => {
        open -= 1;
      },
    };
  };
  const guard = new AudienceGuard({ withToken }, () => time.ms);
  return { time, asked, guard, open: () => open };
}

describe("a token for Vault", () => {
  test("is presented to the API server first, which has to refuse it; once an hour is enough", async () => {
    const { time, asked, guard, open } = scene([401, 401]);
    await Promise.all([guard.check("one", signal), guard.check("two", signal)]);
    await guard.check("three", signal);
    assert.deepEqual(asked, ["GET /version one"]);
    time.ms += HOUR;
    await guard.check("four", signal);
    assert.deepEqual(asked, ["GET /version one", "GET /version four"]);
    assert.equal(open(), 0, "every client is closed");
  });

  for (const status of [200, 403, 404])
    test(`that the API server knows (${status}) goes no further, and neither does the next`, async () => {
      const { guard, asked } = scene([status, status, 401]);
      for (let i = 0; i < 2; i++)
        await assert.rejects(guard.check("secret-token", signal), (error: Error & { reason?: string }) => {
          assert.equal(error.reason, "VaultAudienceRefused");
          assert.ok(!error.message.includes("secret-token"));
          return true;
        });
      await guard.check("t", signal);
      assert.equal(asked.length, 3);
    });

  test("waits where the API server does not say", async () => {
    const { guard, open } = scene([500, 429, new KubeUnreachableError("https://cluster", "refused"), 401]);
    for (let i = 0; i < 2; i++)
      await assert.rejects(guard.check("t", signal), { fault: "unavailable", retryable: true });
    await assert.rejects(guard.check("t", signal), { code: "kube-unreachable" });
    await guard.check("t", signal);
    assert.equal(open(), 0);
  });

  test("that passed once and is accepted later is refused from then on", async () => {
    const { time, guard } = scene([401, 200, 200]);
    await guard.check("t", signal);
    time.ms += HOUR;
    for (let i = 0; i < 2; i++)
      await assert.rejects(guard.check("t", signal), { reason: "VaultAudienceRefused" });
  });
});

describe("the audience of the options", () => {
  const judge = (audience: string, own: string | null) =>
    judgeAudience(audience, {
      ownToken: async () => own,
      withToken: () => assert.fail("no client is needed"),
    });
  const own = jwtFor(["https://kubernetes.default.svc", "api"], { iss: "https://issuer" });

  for (const audience of ["https://kubernetes.default.svc", "api", "https://issuer"])
    test(`is refused where the controller's own token names it: ${audience}`, async () => {
      await assert.rejects(judge(audience, own), { code: "usage", message: /--vault-kv-audience/ });
    });
  test("is refused where that token has one audience, not in a list", async () => {
    await assert.rejects(judge("api", jwtFor("api")), { code: "usage" });
  });
  test("is taken where it is another, or where there is no token that tells", async () => {
    await judge("vault", own);
    await judge("vault", null);
    await judge("vault", "opaque");
    await judge("vault", "a.b.c");
  });
});
