import assert from "node:assert/strict";
import { test } from "node:test";
import { refusalHint } from "../../controller/refusal-hint.ts";
import { KubeApiError, KubeUnreachableError } from "../../shared/kube/api-error.ts";

const remedies = { forbidden: "grant it", unknown: "install it" };

function answered(status: number): KubeApiError {
  return new KubeApiError({
    request: "list things",
    status,
    reason: "",
    retryAfterSeconds: null,
    fields: [],
  });
}

test("a refusal that stays has the remedy for it", () => {
  assert.deepEqual(refusalHint(answered(403), remedies), { hint: "grant it" });
  assert.deepEqual(refusalHint(answered(404), remedies), { hint: "install it" });
  assert.match(refusalHint(answered(401), remedies).hint ?? "", /token of the service account/);
});

test("what passes by itself, and what was not foreseen, has none", () => {
  for (const error of [
    answered(500),
    answered(429),
    new KubeUnreachableError("https://a", "connection refused"),
    new Error("x"),
  ])
    assert.deepEqual(refusalHint(error, remedies), {});
  assert.deepEqual(refusalHint(answered(404), { forbidden: "grant it" }), {});
});
