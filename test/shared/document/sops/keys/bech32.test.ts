import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { fromBech32, toBech32 } from "../../../../../shared/document/sops/keys/bech32.ts";

test("the vectors of BIP 173 are read, and its wrong ones refused", () => {
  const split = "split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w";
  const bytes = fromBech32("split", split);
  assert.equal(
    Buffer.from(bytes ?? []).toString("hex"),
    "c5f38b70305f519bf66d85fb6cf03058f3dde463ecd7918f2dc743918f2d",
  );
  assert.equal(toBech32("split", bytes ?? new Uint8Array()), split);
  assert.equal(toBech32("a", new Uint8Array()), "a12uel5l");
  assert.deepEqual(fromBech32("A", "A12UEL5L"), new Uint8Array());
  for (const [prefix, text] of [
    ["split", split.replace("y9", "y8")],
    ["split", `${split.slice(0, -1)}W`],
    ["split", split.toUpperCase()],
    ["SPLIT", split],
    ["splat", split],
    ["a", "a12uel5"],
    ["a", "a1"],
    ["a", "a12uel5b"],
    // A digit, or more, that no octet takes; bits left over that are not zero.
    ["a", "a1q3g6mn3"],
    ["a", "a1qqqd87cpp"],
    ["a", "a1qpamnt9j"],
  ] as const)
    assert.equal(fromBech32(prefix, text), null, text);
});

test("bytes come back as they are, and no digit may change", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 100 }),
      fc.nat(),
      fc.integer({ min: 1, max: 31 }),
      (bytes, at, by) => {
        const text = toBech32("age", bytes);
        assert.deepEqual(fromBech32("age", text), bytes);
        const digits = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
        const place = 4 + (at % (text.length - 4));
        const changed = digits[(digits.indexOf(text.charAt(place)) + by) % 32];
        assert.equal(fromBech32("age", text.slice(0, place) + changed + text.slice(place + 1)), null);
      },
    ),
    { numRuns: 200 },
  );
});
