import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import type { Bytes } from "../../../../shared/bytes.ts";
import { combineShares, splitSecret } from "../../../../shared/document/sops/shamir.ts";

const hex = (text: string): Bytes => new Uint8Array(Buffer.from(text, "hex"));

suite("known answer", () => {
  const shares = ["5880ac01", "761b5902", "6c9b0a03"].map(hex);
  test("split", () => {
    assert.deepEqual(
      splitSecret(hex("4200ff"), 3, 2, () => hex("1a8053")),
      shares,
    );
  });
  for (const picked of [
    [0, 1],
    [0, 2],
    [2, 1],
    [0, 1, 2],
  ]) {
    test(`shares ${picked.join(", ")} give the secret`, () => {
      assert.deepEqual(combineShares(picked.map((index) => shares[index] ?? hex(""))), hex("4200ff"));
    });
  }
});

const splits = fc
  .record({
    secret: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    threshold: fc.integer({ min: 2, max: 6 }),
    spare: fc.integer({ min: 0, max: 4 }),
  })
  .chain((split) =>
    fc.record({
      split: fc.constant(split),
      order: fc.shuffledSubarray(indexes(split), { minLength: split.threshold }),
    }),
  );

function indexes({ threshold, spare }: { threshold: number; spare: number }): number[] {
  return Array.from({ length: threshold + spare }, (_, index) => index);
}

test("any shares, as many as it takes or more, give the secret", () => {
  fc.assert(
    fc.property(splits, ({ split: { secret, threshold, spare }, order }) => {
      const shares = splitSecret(secret, threshold + spare, threshold);
      assert.deepEqual(
        shares.map((share) => [share.length, share.at(-1)]),
        shares.map((_, index) => [33, index + 1]),
      );
      assert.deepEqual(combineShares(order.map((index) => shares[index] ?? hex(""))), new Uint8Array(secret));
    }),
    { numRuns: 60 },
  );
});

test("one share too few gives something else", () => {
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const shares = splitSecret(secret, 5, 4);
  assert.notDeepEqual(combineShares(shares.slice(0, 3)), secret);
});

test("the polynomials are drawn anew for each byte and each power, and wiped", () => {
  const drawn: Bytes[] = [];
  const shares = splitSecret(new Uint8Array(32), 4, 4, (coefficients) => {
    drawn.push(crypto.getRandomValues(coefficients));
    return coefficients;
  });
  assert.deepEqual(
    drawn,
    Array.from({ length: 3 }, () => new Uint8Array(32)),
  );
  assert.equal(new Set(shares[0]?.slice(0, 32)).size > 16, true, "the bytes' polynomials differ");
});

test("the greatest number of shares", () => {
  const secret = hex("80");
  const shares = splitSecret(secret, 255, 2);
  assert.deepEqual(combineShares(shares.slice(253)), secret);
});

suite("shares that do not belong together are refused", () => {
  const [first = hex(""), second = hex("")] = splitSecret(new Uint8Array(32).fill(7), 2, 2);
  const refused: readonly (readonly [string, Bytes[]])[] = [
    ["one alone", [first]],
    ["none", []],
    ["the same one twice", [first, first]],
    ["of unlike lengths", [first, second.slice(1)]],
    ["of no bytes but the place", [hex("01"), hex("02")]],
    ["for zero, where the secret itself stands", [first, new Uint8Array(33)]],
  ];
  for (const [what, shares] of refused) test(what, () => assert.equal(combineShares(shares), null));
});

test("thresholds that no secret is split by", () => {
  for (const [shares, threshold] of [
    [3, 1],
    [2, 3],
    [256, 2],
  ] as const) {
    assert.throws(() => splitSecret(hex("00"), shares, threshold), RangeError);
  }
});
