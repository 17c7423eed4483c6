import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FileError, InputError, SealError, UsageError } from "../../shared/errors.ts";

suite("errors meant to be shown", () => {
  for (const [Kind, code] of [
    [UsageError, "usage"],
    [InputError, "input"],
    [FileError, "file"],
  ] as const) {
    test(`${Kind.name}: code, name, message, hint`, () => {
      const cause = new Error("below");
      const error = new Kind("what failed", "what to do next", { cause });
      assert.ok(error instanceof SealError && error instanceof Error);
      assert.deepEqual(
        {
          code: error.code,
          name: error.name,
          message: error.message,
          hint: error.hint,
          retryable: error.retryable,
        },
        { code, name: Kind.name, message: "what failed", hint: "what to do next", retryable: false },
      );
      assert.equal(error.cause, cause);
      assert.match(String(error.stack), new RegExp(`^(?:${Kind.name}|Error): what failed`));
    });
  }
});
