import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { suite, test } from "node:test";
import fc from "fast-check";
import { classicUnsealer } from "../../../shared/seal/rsa-hybrid.ts";
import {
  keyOf,
  open,
  seal,
  sealer2048,
  sealers,
  signal,
  sizes,
  spelled,
  strict,
} from "../../support/classic-codec.ts";
import {
  type ClassicExpectation,
  type ClassicVector,
  readTestKey,
  readVectors,
} from "../../support/vectors.ts";

function expected(expect: ClassicExpectation): object {
  if (expect.outcome !== "sealed-elsewhere") return expect;
  return { outcome: expect.outcome, labelHash: createHash("sha256").update(expect.label).digest("hex") };
}

suite("vectors of the classic format", () => {
  const vectors = readVectors<ClassicVector>("classic/cases");

  for (const { name, point, keys: ring, scope, sealed, expect } of vectors) {
    test(`${name}: ${point}`, async () => {
      const at = ring.map(keyOf);
      assert.deepEqual(spelled(await open(sealed, scope, { ring: at })), expected(expect));
      const undiagnosed = expect.outcome === "sealed-elsewhere" ? { outcome: "not-my-key" } : expect;
      assert.deepEqual(spelled(await open(sealed, scope, { ring: at, diagnose: false })), undiagnosed);
    });
  }

  test("all three scopes, all three sizes, and more bad than good", () => {
    const good = vectors.filter(({ expect }) => expect.outcome === "opened");
    assert.ok(vectors.length - good.length > good.length);
    const made = good.filter(({ madeBy }) => madeBy.startsWith("kubeseal"));
    const kinds = new Set(made.map(({ keys: [key], scope }) => `${scope.kind} ${key}`));
    for (const size of sizes) {
      for (const kind of ["strict", "namespace-wide", "cluster-wide"])
        assert.ok(kinds.has(`${kind} ${size}`));
    }
  });

  test("an error names the item and nothing of the value", async () => {
    for (const { sealed, keys: ring, scope, expect } of vectors) {
      if (expect.outcome !== "malformed") continue;
      const outcome = await open(sealed, scope, { ring: ring.map(keyOf) });
      assert.ok(outcome.kind === "malformed");
      const { message, hint } = outcome.error;
      assert.ok(message.startsWith("spec.encryptedData.v: "), message);
      const start = sealed.slice(0, 8);
      assert.ok(start.length < 8 || !`${message}${hint}`.includes(start), message);
    }
  });
});

suite("seal, then open", () => {
  const contents: [string, Uint8Array][] = [
    ["nothing", new Uint8Array()],
    ["invalid UTF-8", Uint8Array.from([0xff, 0xfe, 0x00, 0xc3, 0x28, 0xed, 0xa0, 0x80])],
    ["1 MiB", new Uint8Array(1024 * 1024).map((_, at) => at * 31)],
  ];
  for (const size of sizes) {
    for (const [what, plaintext] of contents) {
      test(`${what}, RSA ${size}, both sealers`, async () => {
        for (const [maker, sealer] of await sealers(size)) {
          const outcome = await open(await seal(sealer, plaintext), strict, { ring: [keyOf(size)] });
          assert.ok(outcome.kind === "opened", maker);
          assert.ok(Buffer.from(outcome.plaintext).equals(plaintext), maker);
          assert.equal(outcome.keyId, readTestKey(size).fingerprint);
        }
      });
    }
  }

  test("any bytes, any scope, both sealers", async () => {
    const both = await sealers("2048");
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), anyScope, async (plaintext, scope) => {
        for (const [, sealer] of both) {
          const outcome = await open(await seal(sealer, plaintext, scope), scope);
          assert.ok(outcome.kind === "opened" && Buffer.from(outcome.plaintext).equals(plaintext));
        }
      }),
      { numRuns: 60 },
    );
  });

  test("the layout: length, block, ciphertext as long as the text, tag", async () => {
    for (const size of sizes) {
      for (const [maker, sealer] of await sealers(size)) {
        const bytes = Buffer.from(await seal(sealer, new Uint8Array(5)), "base64");
        const block = Number(size) / 8;
        assert.equal(bytes.readUInt16BE(0), block, maker);
        assert.equal(bytes.length, 2 + block + 5 + 16, maker);
      }
    }
  });

  test("the same text twice shares no block and no ciphertext", async () => {
    for (const [maker, sealer] of await sealers("2048")) {
      const same = new Uint8Array(32);
      const sealed = await sealer.sealAll(
        new Map([
          ["a", same],
          ["b", same],
        ]),
        { clusterId: null, scope: strict },
      );
      const [a, b] = [...sealed.values()].map((text) => Buffer.from(text, "base64"));
      assert.ok(a !== undefined && b !== undefined, maker);
      assert.ok(!a.subarray(2, 258).equals(b.subarray(2, 258)), maker);
      assert.ok(!a.subarray(258).equals(b.subarray(258)), maker);
    }
  });
});

suite("damage", () => {
  const plaintext = Buffer.from("twenty bytes of text");

  test("any single changed byte is refused, and the region says how", async () => {
    const bytes = Buffer.from(await seal(sealer2048, plaintext), "base64");
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.nat({ max: 1 }),
          fc.integer({ min: 2, max: 257 }),
          fc.integer({ min: 258, max: bytes.length - 1 }),
        ),
        fc.integer({ min: 1, max: 255 }),
        async (at, change) => {
          const damaged = Buffer.from(bytes);
          damaged[at] = (damaged[at] ?? 0) ^ change;
          const ring = sizes.map(keyOf);
          const outcome = spelled(await open(damaged.toString("base64"), strict, { ring }));
          const asExpected = at < 258 ? { outcome: "not-my-key" } : { outcome: "malformed", code: "damaged" };
          assert.deepEqual(outcome, asExpected, `byte ${at} changed by ${change}`);
        },
      ),
      { numRuns: 150 },
    );
  });

  test("every byte behind the block counts", async () => {
    const bytes = Buffer.from(await seal(sealer2048, plaintext), "base64");
    for (let at = 258; at < bytes.length; at++) {
      const damaged = Buffer.from(bytes);
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      const outcome = spelled(await open(damaged.toString("base64")));
      assert.deepEqual(outcome, { outcome: "malformed", code: "damaged" }, `byte ${at}`);
    }
  });

  test("cut anywhere, it is refused", async () => {
    const bytes = Buffer.from(await seal(sealer2048, plaintext), "base64");
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: bytes.length - 1 }), async (length) => {
        const outcome = spelled(await open(bytes.subarray(0, length).toString("base64")));
        const asExpected =
          length < 258 ? { outcome: "not-my-key" } : { outcome: "malformed", code: "damaged" };
        assert.deepEqual(outcome, asExpected);
      }),
      { numRuns: 60 },
    );
  });

  test("random bytes are nobody's value", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 256, maxLength: 300 }), async (bytes) => {
        const text = Buffer.concat([Buffer.from([1, 0]), bytes]).toString("base64");
        assert.deepEqual(spelled(await open(text)), { outcome: "not-my-key" });
      }),
      { numRuns: 30 },
    );
  });
});

const part = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?$/);
const anyScope = fc.oneof(
  fc.record({ kind: fc.constant("strict" as const), namespace: part, name: part }),
  fc.record({ kind: fc.constant("namespace-wide" as const), namespace: part }),
  fc.constant({ kind: "cluster-wide" as const }),
);

suite("scope", () => {
  test("in any other place, or under any other scope, a value is recognised as sealed elsewhere", async () => {
    await fc.assert(
      fc.asyncProperty(anyScope, anyScope, async (from, to) => {
        fc.pre(JSON.stringify(from) !== JSON.stringify(to));
        const sealed = await seal(sealer2048, Uint8Array.from([1]), from);
        const label =
          from.kind === "cluster-wide"
            ? ""
            : from.kind === "strict"
              ? `${from.namespace}/${from.name}`
              : from.namespace;
        const labelHash = createHash("sha256").update(label).digest("hex");
        assert.deepEqual(spelled(await open(sealed, to)), { outcome: "sealed-elsewhere", labelHash });
        assert.deepEqual(spelled(await open(sealed, to, { diagnose: false })), { outcome: "not-my-key" });
      }),
      { numRuns: 60 },
    );
  });

  test("the cluster's id is no part of this format", async () => {
    const sealed = await sealer2048.sealAll(new Map([["v", Uint8Array.from([1])]]), {
      clusterId: "a",
      scope: strict,
    });
    const opened = await classicUnsealer([keyOf("2048")], { diagnose: true }).unsealAll(
      sealed,
      { clusterId: "b", scope: strict },
      signal,
    );
    assert.equal(opened.get("v")?.kind, "opened");
  });
});
