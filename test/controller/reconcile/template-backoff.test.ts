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

test("a flood of names does not fill the memory, and drops the oldest", () => {
  const { backoff } = clocked();
  for (let failure = 0; failure < 3; failure++) failNext(backoff, "team/oldest");
  for (let name = 0; name < 10_000; name++) failNext(backoff, `team/${name}`);
  assert.equal(wait(backoff, "team/oldest"), 0);
});
