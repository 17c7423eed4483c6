import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { type RunRecord, readRecord } from "./record.ts";

const reporter = join(import.meta.dirname, "reporter.ts");
const files: Record<string, string> = {
  "good.test.ts": 'test("passes", () => {}); test.skip("skipped", () => {}); test.todo("later");',
  "bad.test.ts": `
    suite("outer", () => {
      suite("inner", () => { test("fails,\\n twice", (t) => t.assert.ok(false)); test("passes", () => {}); });
      test("is slow", { timeout: 50 }, () => new Promise((resolve) => setTimeout(resolve, 500)));
    });
    test("parent", (t) => t.test("child", () => { throw new Error("x"); }));
    test("to do", { todo: true }, () => { throw new Error("x"); });`,
  "hook.test.ts": `suite("of a broken hook", () => {
      before(() => { throw new Error("x"); });
      test("one", () => {}); test("two", () => {});
    });`,
  "broken.test.ts": 'throw new Error("x");',
};

suite("what is kept of a run of Node's test runner", () => {
  let root: string;
  let text: string;
  let record: RunRecord;

  before(async () => {
    root = await mkdtemp(join(tmpdir(), "signet-record-test-"));
    for (const [name, body] of Object.entries(files))
      await writeFile(join(root, name), `import { before, suite, test } from "node:test";\n${body}\n`);
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const args = ["--test", `--test-reporter=${reporter}`, ...Object.keys(files)];
    const child = spawn(process.execPath, args, { cwd: root, env, stdio: ["ignore", "pipe", "inherit"] });
    text = "";
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    await new Promise((resolve) => child.on("close", resolve));
    record = readRecord(text, root);
  });
  after(() => rm(root, { recursive: true }));

  test("its counts: cancelled tests failed", () => {
    assert.deepEqual(record.tally, { passed: 2, failed: 7, skipped: 1, todo: 2 });
  });

  test("each failed test once, by file, suites and name, in one line; what failed for its sake is left out", () => {
    assert.deepEqual(record.failures.toSorted(), [
      "bad.test.ts: outer > inner > fails, twice (The expression evaluated to a falsy value: t.assert.ok(false))",
      "bad.test.ts: outer > is slow (test timed out after 50ms)",
      "bad.test.ts: parent > child (x)",
      "broken.test.ts (test failed)",
      "hook.test.ts: of a broken hook (x)",
    ]);
  });

  test("how long each file ran", () => {
    const times = new Map(record.files.map(({ name, milliseconds }) => [name, milliseconds]));
    assert.deepEqual([...times.keys()].toSorted(), Object.keys(files).toSorted());
    for (const [name, milliseconds] of times) assert.ok(milliseconds > 1, name);
  });

  test("of a run that broke off what came of it, and no counts", () => {
    const cut = text.slice(0, text.indexOf('{"kind":"counts"') + 30);
    assert.deepEqual(readRecord(cut, root), { ...record, tally: null });
    assert.deepEqual(readRecord("", root), { tally: null, files: [], failures: [] });
  });
});
