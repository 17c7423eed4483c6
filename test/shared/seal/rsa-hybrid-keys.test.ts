import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { classicUnsealer, type OpeningKey } from "../../../shared/seal/rsa-hybrid.ts";
import { keyOf, names, open, seal, sealer2048, signal, strict } from "../../support/classic-codec.ts";

suite("many items and keys", () => {
  test("each item has its own outcome, in the order given", async () => {
    const items = new Map([
      ["good", await seal(sealer2048, Uint8Array.from([1]))],
      ["__proto__", await seal(sealer2048, Uint8Array.from([2]))],
      ["bad text", "!"],
      ["empty", ""],
    ]);
    const outcomes = await classicUnsealer([keyOf("2048")], { diagnose: false }).unsealAll(
      items,
      { clusterId: null, scope: strict },
      signal,
    );
    assert.deepEqual(
      [...outcomes].map(([item, { kind }]) => [item, kind]),
      [
        ["good", "opened"],
        ["__proto__", "opened"],
        ["bad text", "malformed"],
        ["empty", "not-my-key"],
      ],
    );
  });

  test("the key that opened one item is tried first for the next, keys of other sizes never", async () => {
    const tried: string[] = [];
    const watched = names.map((name): OpeningKey => {
      const key = keyOf(name);
      return {
        ...key,
        unwrap: (block, label) => {
          tried.push(name);
          return key.unwrap(block, label);
        },
      };
    });
    const [other, ...rest] = watched.reverse();
    assert.ok(other !== undefined);
    const sealed = await seal(sealer2048, Uint8Array.from([1]));
    const items = new Map([
      ["a", sealed],
      ["b", sealed],
      ["c", sealed],
    ]);
    await classicUnsealer([other, ...rest], { diagnose: false }).unsealAll(
      items,
      { clusterId: null, scope: strict },
      signal,
    );
    assert.deepEqual(tried, ["other-2048", "2048", "2048", "2048"]);
  });

  test("after so many items that do not open the rest is left alone", async () => {
    const sealed = await seal(sealer2048, Uint8Array.from([1]));
    let trials = 0;
    const key = keyOf("2048");
    const counted: OpeningKey = {
      ...key,
      unwrap: (block, label) => {
        trials += 1;
        return key.unwrap(block, label);
      },
    };
    const items = new Map(["a", "b", "c", "d"].map((item) => [item, sealed]));
    const outcomes = await classicUnsealer([counted], { diagnose: true, giveUpAfter: 2 }).unsealAll(
      items,
      { clusterId: null, scope: { ...strict, name: "other" } },
      signal,
    );
    assert.deepEqual(
      [...outcomes].map(([item, { kind }]) => [item, kind]),
      [
        ["a", "sealed-elsewhere"],
        ["b", "sealed-elsewhere"],
        ["c", "not-tried"],
        ["d", "not-tried"],
      ],
    );
    assert.equal(trials, 2);
  });

  test("an aborted signal stops before the next item, with its own reason", async () => {
    const stop = new AbortController();
    const reason = new Error("stopping");
    let unwrapped = 0;
    const key: OpeningKey = {
      ...keyOf("2048"),
      unwrap: async () => {
        unwrapped++;
        stop.abort(reason);
        return null;
      },
    };
    const sealed = await seal(sealer2048, Uint8Array.from([1]));
    const items = new Map([
      ["a", sealed],
      ["b", sealed],
    ]);
    await assert.rejects(
      classicUnsealer([key], { diagnose: false }).unsealAll(
        items,
        { clusterId: null, scope: strict },
        stop.signal,
      ),
      reason,
    );
    assert.equal(unwrapped, 1);
  });

  test("the bare private-key operation happens only where the diagnosis was asked for and the key was refused", async () => {
    let raw = 0;
    const key: OpeningKey = {
      ...keyOf("2048"),
      judge: (block) => {
        raw++;
        return keyOf("2048").judge(block);
      },
    };
    const sealed = await seal(sealer2048, Uint8Array.from([1]));
    await open(sealed, strict, { ring: [key] });
    await open(sealed, { ...strict, name: "other" }, { ring: [key], diagnose: false });
    assert.equal(raw, 0);
    await open(sealed, { ...strict, name: "other" }, { ring: [key] });
    assert.equal(raw, 1);
  });

  test("the session key is wiped once it has been used", async () => {
    for (const spoil of [0, 1]) {
      const seen: Uint8Array[] = [];
      const key: OpeningKey = {
        ...keyOf("2048"),
        unwrap: async (block, label) => {
          const sessionKey = await keyOf("2048").unwrap(block, label);
          if (sessionKey !== null) seen.push(sessionKey);
          return sessionKey;
        },
      };
      const bytes = Buffer.from(await seal(sealer2048, Uint8Array.from([1])), "base64");
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ spoil;
      await open(bytes.toString("base64"), strict, { ring: [key] });
      assert.equal(seen.length, 1);
      assert.ok(
        seen.every((sessionKey) => sessionKey.length === 32 && sessionKey.every((byte) => byte === 0)),
      );
    }
  });
});
