import assert from "node:assert/strict";
import { test } from "node:test";
import { type Log, type LogOptions, openLog } from "../../controller/log.ts";

function logged(options: Partial<LogOptions>, write: (log: Log) => void): { out: string[]; err: string[] } {
  const lines = { out: [] as string[], err: [] as string[] };
  const log = openLog(
    { level: "INFO", format: "text", infoToStdout: true, ...options },
    { out: (line) => lines.out.push(line), err: (line) => lines.err.push(line) },
  );
  write(log);
  return lines;
}

test("text: time, level, message and fields, the shape that is collected already", () => {
  const { out } = logged({}, (log) =>
    log.info({ namespace: "kube-system", name: "sealed-secrets-keyabc12", count: 3 }, "New key written"),
  );
  assert.equal(out.length, 1);
  assert.match(
    out[0] ?? "",
    /^time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=INFO msg="New key written" namespace=kube-system name=sealed-secrets-keyabc12 count=3\n$/,
  );
});

test("text: what is no plain word is quoted on one line, so that no value can forge a line or a field", () => {
  const { out } = logged({}, (log) =>
    log.info({ error: 'a\nlevel=ERROR msg="x"', empty: "", list: [1, 2] }, "one"),
  );
  assert.match(
    out[0] ?? "",
    / level=INFO msg=one error="a\\nlevel=ERROR msg=\\"x\\"" empty="" list="\[1,2\]"\n$/,
  );
  assert.equal((out[0] ?? "").split("\n").length, 2);
});

test("json: one object a line, with the level by name", () => {
  const { out } = logged({ format: "json" }, (log) => log.info({ addr: ":8080" }, "HTTP server\nserving"));
  assert.equal(out.length, 1);
  const line = JSON.parse(out[0] ?? "") as Record<string, unknown>;
  assert.deepEqual(
    { ...line, time: "t" },
    { level: "INFO", time: "t", addr: ":8080", msg: "HTTP server\nserving" },
  );
  assert.match(String(line["time"]), /^\d{4}-\d\d-\d\dT/);
});

const everything = (log: Log) => {
  log.debug("d");
  log.info("i");
  log.warn("w");
  log.error("e");
};
const levels = (lines: string[]) => lines.map((line) => /level=(\w+)/.exec(line)?.[1]);

test("up to INFO goes to standard output, the rest to standard error", () => {
  const { out, err } = logged({ level: "DEBUG" }, everything);
  assert.deepEqual(levels(out), ["DEBUG", "INFO"]);
  assert.deepEqual(levels(err), ["WARN", "ERROR"]);
});

test("or everything to standard error", () => {
  const { out, err } = logged({ level: "DEBUG", infoToStdout: false }, everything);
  assert.deepEqual(out, []);
  assert.deepEqual(levels(err), ["DEBUG", "INFO", "WARN", "ERROR"]);
});

for (const [level, expected] of [
  ["INFO", ["INFO", "WARN", "ERROR"]],
  ["WARN", ["WARN", "ERROR"]],
  ["ERROR", ["ERROR"]],
] as const) {
  test(`level ${level} leaves out what is less important`, () => {
    assert.deepEqual(levels(logged({ level, infoToStdout: false }, everything).err), expected);
  });
}
