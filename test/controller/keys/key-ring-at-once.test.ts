import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyRing, type RingChange } from "../../../controller/keys/key-ring.ts";
import type { KeyOrder } from "../../../shared/key-publication.ts";
import { pairSecret, sealingPair } from "../sealing-key.ts";
import { noneWrapped } from "./memory-wrapping.ts";

const NOW = new Date("2030-06-01T00:00:00Z");
const pairs = await Promise.all(
  [1, 2, 3, 4, 5, 6].map((day) => sealingPair(new Date(Date.UTC(2030, 4, day)))),
);
const newest = pairs.at(-1) ?? assert.fail();
const ring = (order: KeyOrder = "CertNotBefore") => new KeyRing(order, () => NOW, noneWrapped);

test("keys that come all at once are all there, and whoever reads meanwhile reads a whole ring", async () => {
  for (let round = 0; round < 20; round++) {
    const keys = ring();
    const known = new Set<string>();
    let settled = false;
    const shuffled = pairs.toSorted(() => Math.random() - 0.5);
    const puts = shuffled.map((pair) => keys.put(pairSecret(pair, pair.fingerprint)));
    const coming = Promise.all(puts).then(() => {
      settled = true;
    });
    for (let readings = 0; !settled || readings === 0; readings++) {
      const opening = keys.openingKeys().map(({ fingerprint }) => fingerprint);
      assert.equal(new Set(opening).size, opening.length);
      assert.equal(keys.primary?.certificate.fingerprint, opening[0]);
      for (const fingerprint of known) assert.ok(opening.includes(fingerprint), "none goes that was there");
      for (const fingerprint of opening) known.add(fingerprint);
      assert.ok(opening.every((fingerprint) => keys.holds(fingerprint)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await coming;
    assert.equal(keys.primary?.certificate.fingerprint, newest.fingerprint);
    assert.deepEqual(
      keys.openingKeys().map(({ fingerprint }) => fingerprint),
      pairs.map(({ fingerprint }) => fingerprint).toReversed(),
    );
  }
});

test("of keys that come all at once each change is told from what was there before it", async () => {
  const keys = ring();
  const changes: RingChange[] = [];
  await Promise.all(
    pairs.map(async (pair) => {
      changes.push(await keys.put(pairSecret(pair, pair.fingerprint)));
    }),
  );
  let seals: string | null = null;
  for (const { primary } of changes) {
    if (primary === null) continue;
    assert.equal(primary.from, seals);
    seals = primary.to;
  }
  assert.equal(seals, newest.fingerprint);
  assert.ok(changes.every(({ added }) => added));
});

test("what was read stays as it was read, whatever comes and goes", async () => {
  const keys = ring();
  for (const pair of pairs) await keys.put(pairSecret(pair, pair.fingerprint));
  const read = keys.openingKeys();
  const before = [...read];
  for (const { fingerprint } of pairs) keys.remove(fingerprint);
  assert.deepEqual(read, before);
  assert.deepEqual(keys.openingKeys(), []);
});
