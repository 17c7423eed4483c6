import assert from "node:assert/strict";
import { beforeEach, suite, test } from "node:test";
import { utf8 } from "../../../shared/bytes.ts";
import { DataKeyCache } from "../../../shared/seal/data-key-cache.ts";
import type { KmsContext } from "../../../shared/seal/kms-api.ts";
import { settle } from "../../support/fake-clock.ts";
import { serviceFault } from "../../support/memory-kms.ts";
import { signal } from "../../support/remote-values.ts";

const MINUTE_MS = 60_000;
let nowMs = 0;
let asked = 0;
let cache = new DataKeyCache({ now: () => nowMs });

beforeEach(() => {
  nowMs = 0;
  asked = 0;
  cache = new DataKeyCache({ now: () => nowMs, most: 3 });
});

/** Asks for a data key that consists of the number of the asking. */
async function get(blob: string, context: KmsContext = {}, key = "k", by = signal): Promise<number> {
  const dataKey = await cache.unwrapped(
    { key, blob: utf8(blob) },
    context,
    async () => new Uint8Array(32).fill(++asked),
    by,
  );
  assert.ok(dataKey !== null && new Set(dataKey).size === 1 && dataKey.length === 32);
  const [number = 0] = dataKey;
  dataKey.fill(0);
  return number;
}

/** A data key that tells of the copies made of it: the first is the one that the cache keeps. */
function watched(copies: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const dataKey = new Uint8Array(32).fill(1);
  return Object.assign(dataKey, {
    slice: () => {
      const copy = new Uint8Array(dataKey);
      copies.push(copy);
      return copy;
    },
  });
}

/** A value as it is answered, counting. */
function answer<Value>(value: Value): () => Value {
  return () => {
    asked++;
    return value;
  };
}

suite("data keys are kept", () => {
  test("by key, blob and context: any other one is asked for", async () => {
    cache = new DataKeyCache({ now: () => nowMs });
    const variants: [string, KmsContext, string][] = [
      ["blob", { a: "1", b: "2" }, "k"],
      ["other", { a: "1", b: "2" }, "k"],
      ["blob", { a: "1", b: "3" }, "k"],
      ["blob", { a: "1" }, "k"],
      ["blob", { a: "1b2" }, "k"],
      ["blob", { a: "1,b,2" }, "k"],
      ["blob", { a: "1", b: "2", c: "" }, "k"],
      ["blob", { a: "1", b: "2" }, "k2"],
    ];
    for (const [at, variant] of variants.entries()) assert.equal(await get(...variant), at + 1);
    for (const [at, variant] of variants.entries()) assert.equal(await get(...variant), at + 1);
    assert.equal(await get("blob", { b: "2", a: "1" }, "k"), 1, "pairs have no order");
  });

  test("what callers do with their copy is their business", async () => {
    assert.deepEqual([await get("a"), await get("a")], [1, 1]);
  });

  test("for five minutes and not a moment longer, however often they are used", async () => {
    await get("a");
    nowMs = 5 * MINUTE_MS - 1;
    assert.equal(await get("a"), 1);
    nowMs++;
    assert.equal(await get("a"), 2);
  });

  test("so many, then the oldest goes", async () => {
    for (const blob of ["a", "b", "c", "d"]) await get(blob);
    assert.equal(cache.size, 3);
    assert.equal(await get("b"), 2);
    assert.equal(await get("a"), 5);
  });

  test("a thousand, unless told otherwise", async () => {
    cache = new DataKeyCache({ now: () => nowMs });
    for (let count = 0; count < 1010; count++) await get(String(count));
    assert.equal(cache.size, 1000);
  });

  test("a refusal is not", async () => {
    const refuse = () =>
      cache.unwrapped({ key: "k", blob: utf8("a") }, {}, async () => answer(null)(), signal);
    assert.deepEqual([await refuse(), await refuse(), asked, cache.size], [null, null, 2, 0]);
  });

  test("a failure is not", async () => {
    const fault = serviceFault("unavailable");
    const failing = cache.unwrapped({ key: "k", blob: utf8("a") }, {}, () => Promise.reject(fault), signal);
    await assert.rejects(failing, fault);
    assert.equal(await get("a"), 1);
  });
});

suite("what leaves is wiped", () => {
  const ways: [string, () => Promise<void> | void][] = [
    [
      "making room",
      async () => {
        for (const blob of ["b", "c", "d"]) await get(blob);
      },
    ],
    [
      "found too old",
      async () => {
        nowMs = 5 * MINUTE_MS;
        await get("a");
      },
    ],
    [
      "swept",
      () => {
        nowMs = 5 * MINUTE_MS;
        cache.sweep();
      },
    ],
    ["cleared", () => cache.clear()],
  ];
  for (const [way, leave] of ways) {
    test(way, async () => {
      const copies: Uint8Array[] = [];
      await cache.unwrapped({ key: "k", blob: utf8("a") }, {}, async () => watched(copies), signal);
      assert.deepEqual(copies, [new Uint8Array(32).fill(1)]);
      await leave();
      assert.deepEqual(copies, [new Uint8Array(32)]);
    });
  }

  test("a sweep leaves what is young", async () => {
    await get("a");
    nowMs = MINUTE_MS;
    await get("b");
    nowMs = 5 * MINUTE_MS;
    cache.sweep();
    assert.equal(cache.size, 1);
    assert.equal(await get("b"), 2);
  });
});

suite("those who want the same one at the same time", () => {
  test("ask once, and have a copy each", async () => {
    assert.deepEqual(await Promise.all([get("a"), get("a"), get("a"), get("b")]), [1, 1, 1, 2]);
  });

  test("hear of the same refusal", async () => {
    const { promise, resolve } = Promise.withResolvers<null>();
    const refuse = () => cache.unwrapped({ key: "k", blob: utf8("a") }, {}, answer(promise), signal);
    const both = Promise.all([refuse(), refuse()]);
    await settle();
    resolve(null);
    assert.deepEqual([await both, asked], [[null, null], 1]);
  });

  test("are not given up when the one who asked goes away", async () => {
    const ending = new AbortController();
    const gone = new Error("gone");
    const begun = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const asking = (by: AbortSignal) =>
      cache.unwrapped(
        { key: "k", blob: utf8("a") },
        {},
        async (inner) => {
          asked++;
          begun.resolve();
          await goOn.promise;
          inner.throwIfAborted();
          return new Uint8Array(32).fill(asked);
        },
        by,
      );
    const first = asking(ending.signal);
    await begun.promise;
    const second = asking(signal);
    await settle();
    assert.equal(asked, 1);
    ending.abort(gone);
    goOn.resolve();
    await assert.rejects(first, gone);
    assert.deepEqual(await second, new Uint8Array(32).fill(2));
  });

  test("keep nothing when it was cleared meanwhile", async () => {
    const { promise, resolve } = Promise.withResolvers<Uint8Array<ArrayBuffer>>();
    const asking = cache.unwrapped({ key: "k", blob: utf8("a") }, {}, () => promise, signal);
    await settle();
    cache.clear();
    resolve(new Uint8Array(32).fill(9));
    assert.deepEqual(await asking, new Uint8Array(32).fill(9));
    assert.equal(cache.size, 0);
  });

  test("each have one where nothing is kept", async () => {
    cache = new DataKeyCache({ now: () => nowMs, most: 0 });
    assert.deepEqual((await Promise.all([get("a"), get("a")])).sort(), [1, 2]);
  });
});
