import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { byAge, type OpeningKey, withFirst } from "../../../shared/seal/opening-key.ts";
import { fingerprintOf, scriptedKey } from "../../support/scripted-key.ts";

const MONTH_MS = 30 * 86_400_000;

/** Keys as a ring gives them, newest first; number N began in month N. */
function ring(months: readonly (number | null)[]): OpeningKey[] {
  return months.map((month, at) =>
    scriptedKey(month ?? 100 + at, [], month === null ? undefined : new Date(month * MONTH_MS)),
  );
}

function order(keys: readonly OpeningKey[]): string[] {
  return keys.map(({ fingerprint }) => fingerprint.replace("SHA256:key-", ""));
}

const cases: [string, (number | null)[], number | null, string][] = [
  ["the key current at creation, the one before it, then the newest", [5, 4, 3, 2, 1], 3.5, "3 2 5 4 1"],
  ["created the moment a key began", [5, 4, 3, 2, 1], 4, "4 3 5 2 1"],
  ["newer than all keys", [5, 4, 3, 2, 1], 9, "5 4 3 2 1"],
  ["older than all keys: a cluster restored", [5, 4, 3], 1, "5 4 3"],
  ["as old as the oldest key", [5, 4, 3], 3.1, "3 5 4"],
  ["of unknown age", [5, 4, 3], null, "5 4 3"],
  ["keys whose begin nobody knows keep their place", [null, 4, null, 2], 3, "2 100 4 102"],
  ["the ring's order is another: by creation of Secrets", [2, 5, 1, 4], 4.5, "4 2 5 1"],
  ["no keys", [], 3, ""],
];
for (const [what, months, created, expected] of cases) {
  test(`trials by age: ${what}`, () => {
    const given = ring(months);
    const age = created === null ? null : new Date(created * MONTH_MS);
    assert.equal(order(byAge(given, age)).join(" "), expected);
    assert.deepEqual(order(given), order(ring(months)));
  });
}

test("whatever the ages, all keys are tried, each once", () => {
  const anyMonths = fc.uniqueArray(fc.option(fc.nat(40)), {
    maxLength: 24,
    selector: (m) => m ?? Math.random(),
  });
  fc.assert(
    fc.property(anyMonths, fc.option(fc.nat(45)), fc.nat(50), (months, created, hint) => {
      const given = ring(months);
      const ordered = withFirst(
        byAge(given, created === null ? null : new Date(created * MONTH_MS)),
        fingerprintOf(hint),
      );
      assert.deepEqual(order(ordered).sort(), order(given).sort());
      if (months.includes(hint)) assert.equal(ordered[0]?.fingerprint, fingerprintOf(hint));
    }),
  );
});

test("an unknown first key changes nothing, and none given neither", () => {
  const given = ring([3, 2, 1]);
  assert.equal(withFirst(given, "SHA256:never-heard-of"), given);
  assert.equal(withFirst(given, undefined), given);
});
