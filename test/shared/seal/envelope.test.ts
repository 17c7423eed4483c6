import assert from "node:assert/strict";
import { createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import { suite, test } from "node:test";
import fc from "fast-check";
import { utf8 } from "../../../shared/bytes.ts";
import { Envelope } from "../../../shared/seal/envelope.ts";

const dataKey = new Uint8Array(randomBytes(32));
const place = utf8("a place");

suite("sealing under a data key", () => {
  test("is AES-256-GCM under HKDF of it, as written down: opened with Node's own functions", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 100 }),
        fc.uint8Array({ maxLength: 40 }),
        async (plain, at) => {
          for (const format of ["kms:1", "kms-key:1"] as const) {
            const sealed = await (await Envelope.of(dataKey, format)).seal(plain, new Uint8Array(at));
            const key = Buffer.from(hkdfSync("sha256", dataKey, "", `signet ${format}`, 32));
            const decipher = createDecipheriv("aes-256-gcm", key, sealed.subarray(0, 12));
            decipher.setAAD(at).setAuthTag(sealed.subarray(-16));
            const opened = Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
            assert.deepEqual(opened, Buffer.from(plain));
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  test("takes a nonce of its own for each value", async () => {
    const envelope = await Envelope.of(dataKey, "kms:1");
    const nonces = new Set<string>();
    for (let count = 0; count < 50; count++)
      nonces.add(Buffer.from(await envelope.seal(utf8("x"), place)).toString("hex", 0, 12));
    assert.equal(nonces.size, 50);
  });

  test("leaves the data key as it is, for its owner to wipe", async () => {
    const own = dataKey.slice();
    await Envelope.of(own, "kms:1");
    assert.deepEqual(own, dataKey);
  });

  test("opens nothing that was changed anywhere, sealed elsewhere, or under another key or format", async () => {
    const envelope = await Envelope.of(dataKey, "kms:1");
    const sealed = await envelope.seal(utf8("secret"), place);
    assert.deepEqual(await envelope.open(sealed, place), utf8("secret"));
    for (let at = 0; at < sealed.length; at++)
      assert.equal(await envelope.open(sealed.with(at, (sealed[at] ?? 0) ^ 1), place), null);
    for (let length = 0; length < sealed.length; length++)
      assert.equal(await envelope.open(sealed.slice(0, length), place), null);
    assert.equal(await envelope.open(sealed, utf8("another place")), null);
    assert.equal(await envelope.open(sealed, new Uint8Array()), null);
    assert.equal(await (await Envelope.of(dataKey, "kms-key:1")).open(sealed, place), null);
    assert.equal(
      await (await Envelope.of(dataKey.with(0, (dataKey[0] ?? 0) ^ 1), "kms:1")).open(sealed, place),
      null,
    );
  });
});
