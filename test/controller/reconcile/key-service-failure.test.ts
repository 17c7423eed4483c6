import assert from "node:assert/strict";
import { test } from "node:test";
import { keyServiceFailure } from "../../../controller/reconcile/key-service-failure.ts";
import { KeyServiceError, type KeyServiceFault } from "../../../shared/seal/key-service-error.ts";

const cases: [KeyServiceFault, string, boolean][] = [
  ["unavailable", "KeyServiceUnavailable", false],
  ["throttled", "KeyServiceUnavailable", false],
  ["credentials", "KeyServiceUnavailable", false],
  ["denied", "KeyServiceRefused", true],
  ["unusable", "KeyServiceRefused", true],
  ["misused", "KeyServiceRefused", true],
  ["not-allowed", "KeyNotAllowed", true],
];
for (const [fault, reason, stalled] of cases) {
  test(`${fault}: ${reason}, ${stalled ? "until somebody does something" : "which passes"}`, () => {
    const failure = keyServiceFailure(new KeyServiceError(fault, "KMS says no", "ask again"));
    assert.equal(failure.reason, reason);
    assert.equal(failure.stalled, stalled);
    assert.equal(failure.message, "KMS says no; ask again");
    assert.deepEqual(failure.event, {
      reason: "ErrUnsealFailed",
      message: "Failed to unseal: KMS says no; ask again",
    });
    assert.equal(failure.retryInMs, undefined);
    assert.equal(failure.isShared, true);
  });
}

test("a wait that is known is handed on, and a hint that says nothing leaves no semicolon", () => {
  const failure = keyServiceFailure(
    new KeyServiceError("throttled", "too often", "", { retryAfterMs: 1234 }),
  );
  assert.equal(failure.retryInMs, 1234);
  assert.equal(failure.message, "too often");
});
