import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { lastLine, readLastLine, readTapSummary, total } from "./tally.ts";

const summary = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([word, count]) => `# ${word} ${count}\n`)
    .join("");
const counts = {
  tests: 15,
  suites: 9,
  pass: 1,
  fail: 2,
  cancelled: 4,
  skipped: 3,
  todo: 5,
  duration_ms: 7.5,
};

suite("counting tests", () => {
  test("each count of TAP's summary has its place; cancelled tests failed", () => {
    const tap = `TAP version 13\nok 1 - a\n1..1\n${summary(counts)}`;
    assert.deepEqual(readTapSummary(tap), { passed: 1, failed: 6, skipped: 3, todo: 5 });
  });

  test("what a test printed before is no summary", () => {
    const printed = summary({ pass: 100, fail: 0, cancelled: 0, skipped: 0, todo: 0 });
    const tap = `${printed}${"ok 1 - a\n".repeat(20)}${summary(counts)}`;
    assert.equal(readTapSummary(tap)?.passed, 1);
    assert.equal(readTapSummary(printed + "ok 1 - a\n".repeat(20)), null);
  });

  test("a run that broke off has no summary", () => {
    assert.equal(readTapSummary(""), null);
    assert.equal(readTapSummary("TAP version 13\nok 1 - a\n"), null);
  });

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

  test("parts add up", () => {
    const part = { passed: 1, failed: 2, skipped: 3, todo: 4 };
    assert.deepEqual(total([part, part]), { passed: 2, failed: 4, skipped: 6, todo: 8 });
    assert.deepEqual(total([]), { passed: 0, failed: 0, skipped: 0, todo: 0 });
  });
});
