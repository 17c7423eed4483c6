import assert from "node:assert/strict";
import {
  constants,
  createCipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  KeyObject,
  publicEncrypt,
  randomBytes,
} from "node:crypto";
import { suite, test } from "node:test";
import { PrivateKeyError, readOpeningKey } from "../../../shared/seal/opening-key.node.ts";
import { readTestKey } from "../../support/vectors.ts";

const { privatePem, fingerprint } = readTestKey("2048");
const key = createPrivateKey(privatePem);
const pkcs8 = key.export({ type: "pkcs8", format: "pem" }).toString();
const label = new TextEncoder().encode("team-a/db");
const other = new TextEncoder().encode("team-a/db2");

function wrapped(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const oaep = { key: createPublicKey(key), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" };
  return new Uint8Array(publicEncrypt({ ...oaep, oaepLabel: label }, message));
}

suite("reading a private key", () => {
  test("PKCS#1 and PKCS#8 give the same key", async () => {
    assert.match(privatePem, /^-----BEGIN RSA PRIVATE KEY-----/);
    for (const pem of [privatePem, pkcs8, privatePem.replaceAll("\n", "\r\n")]) {
      const opening = await readOpeningKey(pem);
      assert.equal(opening.fingerprint, fingerprint);
      assert.equal(opening.modulusBytes, 256);
    }
  });

  test("the first usable block counts; others and text around them are passed over", async () => {
    const { privatePem: second, certificatePem } = readTestKey("3072");
    const broken = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    const opening = await readOpeningKey(`note\n${certificatePem}${broken}${privatePem}${second}`);
    assert.equal(opening.fingerprint, fingerprint);
  });

  const ec = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
  const short = generateKeyPairSync("rsa", { modulusLength: 512 }).privateKey;
  const encrypted = key
    .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "canary-51c2" })
    .toString();
  const refused: [string, string, RegExp][] = [
    ["nothing", "", /^holds no private key in PEM form$/],
    ["a certificate", readTestKey("2048").certificatePem, /^holds no private key in PEM form$/],
    [
      "a public key",
      createPublicKey(key).export({ type: "spki", format: "pem" }).toString(),
      /^holds no private key/,
    ],
    ["an encrypted key", encrypted, /^holds no private key in PEM form$/],
    ["a cut key", privatePem.slice(0, -40), /^holds no private key in PEM form$/],
    [
      "a broken block",
      "-----BEGIN RSA PRIVATE KEY-----\ncanary\n-----END RSA PRIVATE KEY-----",
      /^holds no private key/,
    ],
    [
      "an EC key, SEC 1",
      ec.export({ type: "sec1", format: "pem" }).toString(),
      /^holds a key of type ec, not RSA$/,
    ],
    [
      "an EC key, PKCS#8",
      ec.export({ type: "pkcs8", format: "pem" }).toString(),
      /^holds a key of type ec, not RSA$/,
    ],
    [
      "RSA of 512 bits",
      short.export({ type: "pkcs8", format: "pem" }).toString(),
      /^holds an RSA key of only 512 bits$/,
    ],
  ];
  for (const [what, pem, message] of refused) {
    test(`refuses ${what}, quoting nothing`, async () => {
      await assert.rejects(readOpeningKey(pem), (error: unknown) => {
        assert.ok(error instanceof PrivateKeyError);
        assert.match(error.message, message);
        assert.equal(error.cause, undefined);
        assert.ok(!error.stack?.includes("canary"));
        return true;
      });
    });
  }
});

suite("using a private key", () => {
  test("unwraps under the right label, and answers null under another, for another key, and for damage", async () => {
    const opening = await readOpeningKey(privatePem);
    const other = await readOpeningKey(readTestKey("other-2048").privatePem);
    const message = new Uint8Array(32).fill(7);
    const block = wrapped(message);
    assert.deepEqual(await opening.unwrap(block, label), message);
    assert.equal(await opening.unwrap(block, new TextEncoder().encode("team-a/db2")), null);
    assert.equal(await opening.unwrap(block, new Uint8Array()), null);
    assert.equal(await other.unwrap(block, label), null);
    assert.equal(await opening.unwrap(block.slice(1), label), null);
  });

  test("a block that begins with a zero is not the same without it", async () => {
    const opening = await readOpeningKey(privatePem);
    const message = new Uint8Array(32).fill(7);
    let block = wrapped(message);
    while (block[0] !== 0) block = wrapped(message);
    assert.deepEqual(await opening.unwrap(block, label), message);
    assert.equal(await opening.unwrap(block.slice(1), label), null);
  });

  test("many at a time each get their own answer", async () => {
    const opening = await readOpeningKey(privatePem);
    const messages = Array.from({ length: 24 }, (_, at) => new Uint8Array(32).fill(at));
    const answers = await Promise.all(messages.map((message) => opening.unwrap(wrapped(message), label)));
    assert.deepEqual(answers, messages);
  });

  test("more at a time than there are cores, and one refused among them, leave nothing waiting", async () => {
    const opening = await readOpeningKey(privatePem);
    const message = new Uint8Array(32).fill(3);
    for (let round = 0; round < 3; round++) {
      const answers = await Promise.all(
        Array.from({ length: 9 }, (_, at) => opening.unwrap(wrapped(message), at === 4 ? other : label)),
      );
      assert.deepEqual(
        answers.map((answer) => answer !== null),
        answers.map((_, at) => at !== 4),
      );
    }
  });

  test("data opens whatever its size, under session keys of all lengths, and damage is null", async () => {
    const { decrypt = assert.fail() } = await readOpeningKey(privatePem);
    for (const bits of [128, 192, 256] as const) {
      for (const size of [0, 1, 1000, 262_128, 262_129, 400_000]) {
        const sessionKey = new Uint8Array(randomBytes(bits / 8));
        const plaintext = new Uint8Array(randomBytes(size));
        const cipher = createCipheriv(`aes-${bits}-gcm`, sessionKey, new Uint8Array(12));
        const sealed = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
        const ciphertext = new Uint8Array(sealed);
        assert.deepEqual(await decrypt(sessionKey, ciphertext), plaintext, `${bits} ${size}`);
        for (const at of [0, size, ciphertext.length - 1]) {
          const damaged = ciphertext.slice();
          damaged[at] = (damaged[at] ?? 0) ^ 1;
          assert.equal(await decrypt(sessionKey, damaged), null);
        }
      }
    }
  });

  test("the diagnosis says for which label, and no from the modulus on", async () => {
    const opening = await readOpeningKey(privatePem);
    const verdict = await opening.judge(wrapped(new Uint8Array(32)));
    assert.equal(verdict?.wellFormed, true);
    assert.deepEqual(Buffer.from(verdict.labelHash), createHash("sha256").update(label).digest());
    assert.equal((await opening.judge(wrapped(new Uint8Array(31))))?.wellFormed, false);
    const stranger = await readOpeningKey(readTestKey("other-2048").privatePem);
    assert.equal((await stranger.judge(wrapped(new Uint8Array(32))))?.wellFormed, false);
    const { n = "" } = key.export({ format: "jwk" });
    const modulus = new Uint8Array(Buffer.from(String(n), "base64url"));
    const below = modulus.slice();
    below[255] = (below[255] ?? 0) - 1; // the modulus is odd
    for (const block of [modulus, below, new Uint8Array(256).fill(255), new Uint8Array(256)]) {
      assert.equal((await opening.judge(block))?.wellFormed, false);
    }
  });

  test("the diagnosis runs where it is said to, with the key and the block alone", async () => {
    const asked: unknown[][] = [];
    const opening = await readOpeningKey(privatePem, async (...given) => {
      asked.push(given);
      return null;
    });
    const block = wrapped(new Uint8Array(32));
    assert.equal(await opening.judge(block), null);
    assert.equal(asked.length, 1);
    assert.ok(asked[0]?.[0] instanceof KeyObject && asked[0][0].equals(key));
    assert.deepEqual(asked[0]?.slice(1), [block]);
  });
});
