import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { suite, test } from "node:test";
import fc from "fast-check";
import { toBase64 } from "../../../shared/bytes.ts";
import type { Scope } from "../../../shared/scope.ts";
import { readCertificate, sealingKeyOf } from "../../../shared/seal/certificate.node.ts";
import { certificateSealer } from "../../../shared/seal/classic-sealer.node.ts";
import { readOpeningKey } from "../../../shared/seal/opening-key.node.ts";
import {
  classicSealer,
  classicUnsealer,
  NotBase64Error,
  type OpeningKey,
} from "../../../shared/seal/rsa-hybrid.ts";
import type { Outcome, Sealer } from "../../../shared/seal/sealer.ts";
import {
  type ClassicExpectation,
  type ClassicVector,
  readTestKey,
  readVectors,
} from "../../support/vectors.ts";

const signal = new AbortController().signal;
const strict: Scope = { kind: "strict", namespace: "team-a", name: "db" };
const sizes = ["2048", "3072", "4096"];

const names = [...sizes, "other-2048"];
const keys = new Map(
  await Promise.all(
    names.map(async (name) => [name, await readOpeningKey(readTestKey(name).privatePem)] as const),
  ),
);

function keyOf(name: string): OpeningKey {
  const key = keys.get(name);
  assert.ok(key !== undefined);
  return key;
}

async function open(
  sealed: string,
  scope: Scope = strict,
  { ring = [keyOf("2048")], diagnose = true }: { ring?: readonly OpeningKey[]; diagnose?: boolean } = {},
): Promise<Outcome> {
  const unsealer = classicUnsealer(ring, { diagnose });
  const outcomes = await unsealer.unsealAll(new Map([["v", sealed]]), { clusterId: null, scope }, signal);
  const outcome = outcomes.get("v");
  assert.ok(outcome !== undefined && outcomes.size === 1);
  return outcome;
}

async function sealers(name: string): Promise<[string, Sealer][]> {
  const certificate = readCertificate(readTestKey(name).certificatePem);
  return [
    ["WebCrypto", classicSealer(await sealingKeyOf(certificate))],
    ["Node", certificateSealer(certificate)],
  ];
}

async function seal(sealer: Sealer, plaintext: Uint8Array, scope: Scope = strict): Promise<string> {
  const sealed = await sealer.sealAll(new Map([["v", plaintext]]), { clusterId: null, scope });
  const text = sealed.get("v");
  assert.ok(text !== undefined && sealed.size === 1);
  return text;
}

const [[, sealer2048] = assert.fail()] = await sealers("2048");

/** An outcome in the words of the vectors. */
function spelled(outcome: Outcome): object {
  switch (outcome.kind) {
    case "opened":
      return { outcome: "opened", plaintext: toBase64(outcome.plaintext) };
    case "not-my-key":
      return { outcome: "not-my-key" };
    case "sealed-elsewhere":
      return { outcome: "sealed-elsewhere", labelHash: Buffer.from(outcome.labelHash).toString("hex") };
    case "malformed":
      return {
        outcome: "malformed",
        code: outcome.error.code,
        ...(outcome.error instanceof NotBase64Error ? { offset: outcome.error.offset } : {}),
      };
  }
}

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
      rawDecrypt: (block) => {
        raw++;
        return keyOf("2048").rawDecrypt(block);
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
