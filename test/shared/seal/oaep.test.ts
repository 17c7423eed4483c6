import assert from "node:assert/strict";
import {
  constants,
  createHash,
  createPublicKey,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
} from "node:crypto";
import { suite, test } from "node:test";
import fc from "fast-check";
import { judgeRawBlock, type RawBlockVerdict } from "../../../shared/seal/oaep.ts";
import { type OaepEncoding, oaepEncode } from "../../support/oaep-encoding.ts";
import { readTestKey } from "../../support/vectors.ts";

const sizes = [256, 384, 512];

function judge(block: Uint8Array): Promise<RawBlockVerdict> {
  return judgeRawBlock(new Uint8Array(block));
}

function encoded(parts: Partial<OaepEncoding> = {}): Buffer {
  return oaepEncode({ message: randomBytes(32), size: 256, seed: randomBytes(32), ...parts });
}

suite("the judgement on a raw block", () => {
  test("well formed for any label, seed, message and size, with the label's hash", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 400 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.constantFrom(...sizes),
        async (label, seed, message, size) => {
          const verdict = await judge(encoded({ label, seed, message, size }));
          const expected = createHash("sha256").update(label).digest();
          assert.equal(verdict.wellFormed, true);
          assert.deepEqual(Buffer.from(verdict.labelHash), expected);
        },
      ),
    );
  });

  test("the empty label is a label", async () => {
    const { wellFormed, labelHash } = await judge(encoded({ label: "" }));
    assert.equal(wellFormed, true);
    assert.equal(
      Buffer.from(labelHash).toString("hex"),
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    );
  });

  test("agrees with what OpenSSL encodes, for every size", async () => {
    for (const name of ["2048", "3072", "4096"]) {
      const { privatePem } = readTestKey(name);
      const key = createPublicKey(privatePem);
      const oaep = { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" };
      const block = publicEncrypt({ ...oaep, oaepLabel: Buffer.from("team-a/db") }, randomBytes(32));
      const raw = privateDecrypt({ key: privatePem, padding: constants.RSA_NO_PADDING }, block);
      const { wellFormed, labelHash } = await judge(raw);
      assert.equal(wellFormed, true);
      assert.deepEqual(Buffer.from(labelHash), createHash("sha256").update("team-a/db").digest());
    }
  });

  test("the same with another way to hash", async () => {
    const node = (bytes: Uint8Array) => new Uint8Array(createHash("sha256").update(bytes).digest());
    for (const parts of [{ label: "team-a/db" }, { message: randomBytes(31) }]) {
      const block = encoded(parts);
      assert.deepEqual(await judgeRawBlock(new Uint8Array(block), node), await judge(block));
    }
  });

  test("false when any one byte is changed", async () => {
    const block = encoded({ label: "team-a/db" });
    for (let at = 0; at < block.length; at++) {
      const damaged = Buffer.from(block);
      damaged[at] = (damaged[at] ?? 0) ^ (1 + Math.floor(Math.random() * 255));
      assert.equal((await judge(damaged)).wellFormed, false, `byte ${at}`);
    }
  });

  // Behind the masks, where a change touches one part of the padding alone.
  const size = 256;
  const separatorAt = size - 33 - 32 - 1;
  const inside: [string, (db: Buffer) => void][] = [
    ["the first byte of the zero padding", (db) => db.writeUInt8(1, 32)],
    ["the last byte of the zero padding", (db) => db.writeUInt8(0x80, separatorAt - 1)],
    ["a separator one byte early", (db) => db.writeUInt8(1, separatorAt - 1)],
    ["no separator", (db) => db.writeUInt8(0, separatorAt)],
    ["a separator of 2", (db) => db.writeUInt8(2, separatorAt)],
    ["a separator of 0x81", (db) => db.writeUInt8(0x81, separatorAt)],
  ];
  for (const [what, spoil] of inside) {
    test(`false for ${what}`, async () => {
      assert.equal((await judge(encoded({ spoil }))).wellFormed, false);
    });
  }
  test("true again when nothing inside is spoilt", async () => {
    assert.equal((await judge(encoded({ spoil: () => {} }))).wellFormed, true);
  });

  for (const leading of [1, 2, 0x80, 0xff]) {
    test(`false for a leading byte of ${leading}`, async () => {
      const block = encoded();
      block[0] = leading;
      assert.equal((await judge(block)).wellFormed, false);
    });
  }

  for (const length of [0, 1, 16, 24, 31, 33, 64]) {
    test(`false for a message of ${length} bytes`, async () => {
      assert.equal((await judge(encoded({ message: randomBytes(length) }))).wellFormed, false);
    });
  }

  test("false for other hashes", async () => {
    for (const [hash, mgfHash] of [
      ["sha1", "sha1"],
      ["sha256", "sha1"],
      ["sha512", "sha512"],
    ] as const) {
      const seed = randomBytes(createHash(hash).digest().length);
      assert.equal((await judge(encoded({ hash, mgfHash, seed }))).wellFormed, false, `${hash} ${mgfHash}`);
    }
  });

  test("false for random blocks, with and without a leading zero", async () => {
    for (const size of sizes) {
      for (let round = 0; round < 100; round++) {
        const block = randomBytes(size);
        if (round % 2 === 0) block[0] = 0;
        assert.equal((await judge(block)).wellFormed, false);
      }
    }
  });

  test("false for PKCS#1 v1.5 padding", async () => {
    const filler = randomBytes(256 - 3 - 32).map((byte) => (byte === 0 ? 1 : byte));
    const block = Buffer.concat([Buffer.from([0, 2]), filler, Buffer.alloc(1), randomBytes(32)]);
    assert.equal((await judge(block)).wellFormed, false);
  });

  for (const length of [0, 1, 32, 33, 65, 97]) {
    test(`false for a block of ${length} bytes, too short for such a message`, async () => {
      const verdict = await judge(new Uint8Array(length));
      assert.deepEqual(verdict, { wellFormed: false, labelHash: new Uint8Array(32) });
    });
  }

  test("true for the shortest block that can hold one", async () => {
    assert.equal((await judge(encoded({ size: 98 }))).wellFormed, true);
  });
});

suite("what the judgement gives away", () => {
  test("nothing of the message, and the same shape either way", async () => {
    const message = randomBytes(32);
    const good = encoded({ message, label: "team-a/db" });
    const bad = encoded({ message: Buffer.concat([message, Buffer.from([7])]), label: "team-a/db" });
    for (const block of [good, bad]) {
      const verdict = await judge(block);
      assert.deepEqual(Object.keys(verdict).sort(), ["labelHash", "wellFormed"]);
      assert.equal(verdict.labelHash.length, 32);
      // A view would give the rest of what it is a view of.
      assert.equal(verdict.labelHash.buffer.byteLength, 32);
      assert.equal(typeof verdict.wellFormed, "boolean");
      assert.ok(!Buffer.from(verdict.labelHash).equals(message));
    }
  });

  test("the block is wiped either way", async () => {
    for (const message of [randomBytes(32), randomBytes(31)]) {
      const block = new Uint8Array(encoded({ message }));
      await judgeRawBlock(block);
      assert.ok(block.every((byte) => byte === 0));
    }
  });
});
