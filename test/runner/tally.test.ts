import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { failureLine, lastLine, readFailure, readLastLine, total } from "./tally.ts";

suite("counting tests", () => {
  test("the last line is written and read, and nothing else is read", () => {
    const tally = { passed: 12, failed: 3, skipped: 1, todo: 1 };
    assert.equal(lastLine(tally), "12 passed, 3 failed, 2 skipped");
    assert.deepEqual(readLastLine(`text\n${lastLine(tally)}\n`), { ...tally, skipped: 2, todo: 0 });
    for (const output of [
      "",
      "1 passed, 0 failed",
      "x 1 passed, 0 failed, 0 skipped",
      `${lastLine(tally)}\nmore`,
    ])
      assert.equal(readLastLine(output), null, output);
  });

  test("a failure is written in one line and read, and nothing else is read", () => {
    assert.equal(readFailure(failureLine("a fault:\n  passed all the same")), "a fault: passed all the same");
    for (const line of ["", "a fault", "it failed: a fault"]) assert.equal(readFailure(line), null, line);
  });

  test("parts add up", () => {
    const part = { passed: 1, failed: 2, skipped: 3, todo: 4 };
    assert.deepEqual(total([part, part]), { passed: 2, failed: 4, skipped: 6, todo: 8 });
    assert.deepEqual(total([]), { passed: 0, failed: 0, skipped: 0, todo: 0 });
  });
});
