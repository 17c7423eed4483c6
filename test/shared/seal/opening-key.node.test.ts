import assert from "node:assert/strict";
import {
  constants,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  publicEncrypt,
} from "node:crypto";
import { suite, test } from "node:test";
import { PrivateKeyError, readOpeningKey } from "../../../shared/seal/opening-key.node.ts";
import { readTestKey } from "../../support/vectors.ts";

const { privatePem, fingerprint } = readTestKey("2048");
const key = createPrivateKey(privatePem);
const pkcs8 = key.export({ type: "pkcs8", format: "pem" }).toString();
const label = new TextEncoder().encode("team-a/db");

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

  test("many at a time each get their own answer", async () => {
    const opening = await readOpeningKey(privatePem);
    const messages = Array.from({ length: 24 }, (_, at) => new Uint8Array(32).fill(at));
    const answers = await Promise.all(messages.map((message) => opening.unwrap(wrapped(message), label)));
    assert.deepEqual(answers, messages);
  });

  test("the bare operation gives the encoded block, and null from the modulus on", async () => {
    const opening = await readOpeningKey(privatePem);
    const raw = opening.rawDecrypt(wrapped(new Uint8Array(32)));
    assert.equal(raw?.length, 256);
    assert.equal(raw?.[0], 0);
    const { n = "" } = key.export({ format: "jwk" });
    const modulus = new Uint8Array(Buffer.from(String(n), "base64url"));
    assert.equal(modulus.length, 256);
    assert.equal(opening.rawDecrypt(modulus), null);
    assert.equal(opening.rawDecrypt(new Uint8Array(256).fill(255)), null);
    const below = modulus.slice();
    below[255] = (below[255] ?? 0) - 1; // the modulus is odd
    assert.equal(opening.rawDecrypt(below)?.length, 256);
  });
});
