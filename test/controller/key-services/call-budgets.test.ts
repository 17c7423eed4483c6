import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CallBudgets } from "../../../controller/key-services/call-budgets.ts";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";

const MINUTE_MS = 60_000;

function scene() {
  const clock = { now: 0 };
  const told: unknown[] = [];
  const putOff: string[] = [];
  const log = { warn: (...line: unknown[]) => void told.push(line) };
  const budgets = new CallBudgets({ now: () => clock.now, log, onPutOff: (service) => putOff.push(service) });
  /** One look that makes so many calls. @returns the ms to wait where it was put off, else null. */
  const look = (namespace: string, calls = 1): number | null => {
    const admit = budgets.forLook("kms", namespace);
    try {
      for (let at = 0; at < calls; at++) admit();
      return null;
    } catch (error) {
      assert.ok(error instanceof KeyServiceError);
      assert.equal(error.fault, "throttled");
      assert.ok(error.message.includes(namespace), error.message);
      return error.retryAfterMs;
    }
  };
  const spend = (namespace: string) => {
    for (let at = 0; at < 1000; at++) assert.equal(look(namespace), null);
  };
  return { clock, told, putOff, budgets, look, spend };
}

test("a thousand calls at once, then ten a second; other namespaces have their own", () => {
  const { clock, look, spend, putOff } = scene();
  spend("team");
  assert.equal(look("team"), 100);
  assert.equal(look("other"), null);
  assert.deepEqual(putOff, ["kms"]);
  clock.now = 100;
  assert.equal(look("team"), null);
  assert.equal(look("team"), 100);
  clock.now += 1000;
  for (let at = 0; at < 10; at++) assert.equal(look("team"), null);
  assert.notEqual(look("team"), null);
  clock.now += 60 * MINUTE_MS;
  spend("team");
  assert.notEqual(look("team"), null, "what was not used does not pile up");
});

test("those that are put off come back one after the other, within five minutes", () => {
  const { clock, look, spend } = scene();
  spend("team");
  const waits = Array.from({ length: 4000 }, () => look("team") ?? assert.fail("it was let through"));
  assert.deepEqual(waits.slice(0, 3), [100, 200, 300]);
  assert.equal(Math.max(...waits), 5 * MINUTE_MS);
  for (const waitMs of waits.slice(0, 2900)) {
    clock.now = waitMs;
    assert.equal(look("team"), null, `after ${waitMs} ms`);
  }
});

test("a look that was begun is carried through, and paid for by those that follow", () => {
  const { clock, look, spend } = scene();
  spend("team");
  clock.now = 100;
  assert.equal(look("team", 16), null);
  assert.equal(look("team"), 1600);
  clock.now += 1600;
  assert.equal(look("team", 16), null);
});

test("the log tells of a namespace once in ten minutes", () => {
  const { clock, look, spend, told } = scene();
  spend("team");
  for (let at = 0; at < 50; at++) look("team");
  assert.equal(told.length, 1);
  assert.match(JSON.stringify(told[0]), /"namespace":"team"/);
  clock.now += 10 * MINUTE_MS;
  spend("team");
  look("team");
  assert.equal(told.length, 2);
});

test("namespaces that have their whole budget again are forgotten, and there is an end to the others", () => {
  const { clock, look, budgets } = scene();
  for (let at = 0; at < 10_000; at++) look(`team-${at}`);
  assert.equal(budgets.size, 10_000);
  clock.now = 100;
  look("new");
  assert.equal(budgets.size, 1);
  for (let at = 0; at < 10_100; at++) look(`team-${at}`);
  assert.equal(budgets.size, 10_000);
});

test("whatever is asked for, no namespace makes more calls than it may", () => {
  const step = fc.record({ waitMs: fc.nat(3000), looks: fc.nat(40), calls: fc.integer({ min: 1, max: 32 }) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
      const { clock, look } = scene();
      let made = 0;
      for (const { waitMs, looks, calls } of steps) {
        clock.now += waitMs;
        for (let at = 0; at < looks; at++) if (look("team", calls) === null) made += calls;
        // One look may go beyond what is left.
        assert.ok(made <= 1000 + clock.now / 100 + 31, `${made} calls within ${clock.now} ms`);
      }
    }),
  );
});
