import assert from "node:assert/strict";
import { test } from "node:test";
import { GateWatch } from "../../../controller/key-services/gate-watch.ts";
import { openLog } from "../../../controller/log.ts";

const KMS = "kms:arn:aws:kms:eu-west-1:1:key/a";
const VAULT = "vault:transit/app";
const MINUTE_MS = 60_000;

function scene() {
  const lines: string[] = [];
  const push = (line: string) => void lines.push(line);
  const log = openLog({ level: "INFO", format: "text", infoToStdout: true }, { out: push, err: push });
  const clock = { now: 0 };
  return { lines, clock, watch: new GateWatch(log, () => clock.now) };
}

test("a key that begins to fail is told once, and so is that it works again", () => {
  const { lines, clock, watch } = scene();
  for (const waitMs of [1000, 2000, 4000]) {
    watch.note({ key: KMS, state: "closed", fault: "unavailable", waitMs });
    clock.now += waitMs;
  }
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /level=WARN .*A key service fails.*key\/a.*fault=unavailable/);
  watch.note({ key: KMS, state: "open" });
  watch.note({ key: KMS, state: "open" });
  assert.equal(lines.length, 2);
  assert.match(lines[1] ?? "", /level=INFO .*works again/);
  watch.note({ key: KMS, state: "closed", fault: "unavailable", waitMs: 1000 });
  assert.equal(lines.length, 3, "a new outage is news");
});

test("another fault is news; the same one is told again after ten minutes", () => {
  const { lines, clock, watch } = scene();
  const closed = (fault: "unavailable" | "throttled") =>
    watch.note({ key: KMS, state: "closed", fault, waitMs: 1000 });
  closed("unavailable");
  closed("throttled");
  assert.equal(lines.length, 2);
  clock.now += 10 * MINUTE_MS - 1;
  closed("throttled");
  assert.equal(lines.length, 2);
  clock.now += 1;
  closed("throttled");
  assert.equal(lines.length, 3);
});

test("a refusal, whose gate opens for each try, is told once and never as mended by that", () => {
  const { lines, clock, watch } = scene();
  for (let tries = 0; tries < 5; tries++) {
    watch.note({ key: KMS, state: "closed", fault: "denied", waitMs: 30_000 });
    clock.now += 30_000;
    watch.note({ key: KMS, state: "open" });
  }
  assert.equal(lines.length, 1);
});

test("keys that fail are counted by service, until they work or nobody asks for them any more", () => {
  const { clock, watch } = scene();
  assert.deepEqual(watch.counts(), { kms: 0, vault: 0 });
  for (const key of [KMS, `${KMS}b`, VAULT])
    watch.note({ key, state: "closed", fault: "unavailable", waitMs: 1000 });
  assert.deepEqual(watch.counts(), { kms: 2, vault: 1 });
  watch.note({ key: KMS, state: "open" });
  assert.deepEqual(watch.counts(), { kms: 1, vault: 1 });
  clock.now = 1000 + 2 * MINUTE_MS - 1;
  assert.deepEqual(watch.counts(), { kms: 1, vault: 1 }, "it may be being tried");
  clock.now += 1;
  assert.deepEqual(watch.counts(), { kms: 0, vault: 0 });
});

test("keys that are refused do not count: any tenant may name one that is missing", () => {
  const { watch } = scene();
  for (const fault of ["denied", "unusable"] as const)
    watch.note({ key: `vault:transit/${fault}`, state: "closed", fault, waitMs: 30_000 });
  assert.deepEqual(watch.counts(), { kms: 0, vault: 0 });
});

test("a gate that had to make room is neither told as mended nor counted any more", () => {
  const { lines, watch } = scene();
  watch.note({ key: KMS, state: "closed", fault: "unavailable", waitMs: 1000 });
  watch.note({ key: KMS, state: "forgotten" });
  assert.deepEqual([lines.length, watch.counts().kms], [1, 0]);
});

test("a flood of keys fills neither log nor memory, and hides no outage", () => {
  const { lines, clock, watch } = scene();
  watch.note({ key: VAULT, state: "closed", fault: "unavailable", waitMs: 300_000 });
  const flood = (fault: "unusable" | "unavailable", count: number) => {
    lines.length = 0;
    for (let at = 0; at < count; at++)
      watch.note({ key: `kms:${fault}-${at}`, state: "closed", fault, waitMs: 300_000 });
    return lines.length;
  };
  assert.equal(flood("unusable", 2000), 21);
  assert.match(lines.at(-1) ?? "", /not told one by one/);
  assert.deepEqual(watch.counts(), { kms: 0, vault: 1 });
  assert.equal(flood("unavailable", 999), 100, "one of a hundred was told before");
  assert.deepEqual(watch.counts(), { kms: 999, vault: 1 });
  assert.equal(flood("unusable", 2000), 0);
  assert.deepEqual(watch.counts(), { kms: 999, vault: 1 }, "refusals make room for outages");
  lines.length = 0;
  watch.note({ key: "kms:unavailable-998", state: "open" });
  assert.deepEqual(lines, [], "what was not told to fail is not told to work");
  watch.note({ key: VAULT, state: "open" });
  assert.match(lines.join(), /works again/);
  clock.now += 10 * MINUTE_MS;
  assert.equal(flood("unusable", 2000), 21);
});
