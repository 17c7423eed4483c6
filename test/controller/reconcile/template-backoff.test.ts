import assert from "node:assert/strict";
import { test } from "node:test";
import { TemplateBackoff } from "../../../controller/reconcile/template-backoff.ts";

function clocked() {
  const clock = { ms: 1_000_000 };
  return { clock, backoff: new TemplateBackoff(() => clock.ms) };
}

/** Versions that differ from call to call. */
let version = 0;
const failNext = (backoff: TemplateBackoff, key: string) => backoff.failed(key, `uid ${version++}`);
const wait = (backoff: TemplateBackoff, key: string) => backoff.waitMs(key, "a new one");

test("two failed versions in a row cost nothing, the third and each after it a longer pause, up to five minutes", () => {
  const { backoff } = clocked();
  const waits: number[] = [];
  for (let failure = 1; failure <= 12; failure++) {
    failNext(backoff, "team/db");
    waits.push(wait(backoff, "team/db"));
  }
  assert.deepEqual(waits.slice(0, 6), [0, 0, 5000, 10_000, 20_000, 40_000]);
  assert.deepEqual(waits.slice(-2), [300_000, 300_000]);
});

test("a version that failed before neither waits nor counts again", () => {
  const { backoff } = clocked();
  for (let failure = 0; failure < 9; failure++) backoff.failed("team/db", "same");
  assert.equal(wait(backoff, "team/db"), 0);
  for (let failure = 0; failure < 2; failure++) failNext(backoff, "team/db");
  backoff.failed("team/db", "last");
  assert.equal(backoff.waitMs("team/db", "last"), 0);
  assert.equal(wait(backoff, "team/db"), 10_000);
});

test("the pause passes with time and belongs to one object", () => {
  const { backoff, clock } = clocked();
  for (let failure = 0; failure < 3; failure++) failNext(backoff, "team/db");
  clock.ms += 4999;
  assert.equal(wait(backoff, "team/db"), 1);
  clock.ms += 1;
  assert.equal(wait(backoff, "team/db"), 0);
  assert.equal(wait(backoff, "team/other"), 0);
});

test("an hour without failures ends it", () => {
  const { backoff, clock } = clocked();
  for (let failure = 0; failure < 9; failure++) failNext(backoff, "team/late");
  clock.ms += 3_600_000;
  failNext(backoff, "team/late");
  assert.equal(wait(backoff, "team/late"), 0);
});

test("a flood of names drops the oldest of those that are not held back, and frees none that is", () => {
  const { backoff } = clocked();
  for (let failure = 0; failure < 3; failure++) failNext(backoff, "team/held");
  for (let failure = 0; failure < 2; failure++) failNext(backoff, "team/oldest");
  for (let name = 0; name < 10_000; name++) failNext(backoff, `team/${name}`);
  assert.equal(wait(backoff, "team/held"), 5000);
  failNext(backoff, "team/oldest");
  assert.equal(wait(backoff, "team/oldest"), 0);
});

test("names held back do not fill the memory either", () => {
  const { backoff } = clocked();
  for (let failure = 0; failure < 3; failure++) failNext(backoff, "team/oldest");
  for (let name = 0; name < 10_000; name++)
    for (let failure = 0; failure < 3; failure++) failNext(backoff, `team/${name}`);
  assert.equal(wait(backoff, "team/oldest"), 0);
  assert.equal(wait(backoff, "team/9999"), 5000);
});

test("where a template fails is told for the first version within an hour, and a flood of names does not make another the first", () => {
  const { backoff, clock } = clocked();
  assert.ok(backoff.isFirst("team/db", "1"));
  backoff.failed("team/db", "1");
  assert.ok(backoff.isFirst("team/db", "1"));
  assert.ok(!backoff.isFirst("team/db", "2"));
  for (let name = 0; name < 10_000; name++) failNext(backoff, `team/${name}`);
  assert.ok(!backoff.isFirst("team/db", "2"));
  assert.ok(backoff.isFirst("other/db", "1"), "others are told as before");
  clock.ms += 3_599_999;
  assert.ok(!backoff.isFirst("team/db", "3"));
  clock.ms += 1;
  assert.ok(backoff.isFirst("team/db", "3"));
});
