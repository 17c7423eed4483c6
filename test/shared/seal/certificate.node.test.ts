import assert from "node:assert/strict";
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { suite, test } from "node:test";
import { CertificateError, fingerprintOf, readCertificate } from "../../../shared/seal/certificate.node.ts";
import { readTestKey } from "../../support/vectors.ts";

const { certificatePem: pem, fingerprint, privatePem } = readTestKey("2048");

/** A certificate whose key is on the curve P-256. */
const ECDSA = `-----BEGIN CERTIFICATE-----
MIIBfzCCASWgAwIBAgIUYTl79KRQEpUovKoRpuogIYrvxBgwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJdGVzdCBvbmx5MCAXDTI2MTEyMTA0NDIwMloYDzIxMjYxMDI4
MDQ0MjAyWjAUMRIwEAYDVQQDDAl0ZXN0IG9ubHkwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASGpFxVKFw0hKOclXlo487gHNlbrTe0iuA4sfgt9DZ2IbyZul1pO1iV
caj2l95EmcxKLjIDi0G+jcSdMLjqG0lGo1MwUTAdBgNVHQ4EFgQUgAQWUZCltHvo
SC0VmkaW1fyNd44wHwYDVR0jBBgwFoAUgAQWUZCltHvoSC0VmkaW1fyNd44wDwYD
VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiBM300f/ffrgYO5Xszk2TQX
5vX/1+GCw7VSqAPmuwI9JAIhAJYY6JB1RYbb+Sd1WlBtW5l/eaN6NKiwi7rsuMwM
+brE
-----END CERTIFICATE-----
`;

suite("reading a certificate", () => {
  test("key, fingerprint and validity", () => {
    const certificate = readCertificate(pem);
    assert.equal(certificate.fingerprint, fingerprint);
    assert.equal(certificate.pem.trim(), pem.trim());
    const der = Buffer.from(pem.replace(/-----.*?-----|\s/g, ""), "base64");
    assert.equal(certificate.digest, createHash("sha256").update(der).digest("hex"));
    const { n } = createPrivateKey(privatePem).export({ format: "jwk" });
    assert.deepEqual(certificate.publicKey.export({ format: "jwk" }), { kty: "RSA", n, e: "AQAB" });
    const years = (certificate.notAfter.getTime() - certificate.notBefore.getTime()) / (36_500 * 86_400_000);
    assert.equal(Math.round(years * 1000), 1000);
  });

  test("the first certificate counts; other blocks and text around it are passed over", () => {
    const second = readTestKey("3072").certificatePem;
    assert.equal(readCertificate(`key:\n${privatePem}\nnote\n${pem}${second}`).fingerprint, fingerprint);
    assert.notEqual(readCertificate(`${second}${pem}`).fingerprint, fingerprint);
    assert.equal(readCertificate(pem.replaceAll("\n", "\r\n")).fingerprint, fingerprint);
  });

  test("a block with PEM headers is passed over", () => {
    const headed = readTestKey("3072").certificatePem.replace("-----\n", "-----\nProc-Type: 4\n\n");
    assert.equal(readCertificate(`${headed}${pem}`).fingerprint, fingerprint);
    assert.throws(() => readCertificate(headed), CertificateError);
  });

  const publicPem = createPublicKey(privatePem).export({ type: "spki", format: "pem" }).toString();
  const refused: [string, string][] = [
    ["nothing", ""],
    ["text", "not a certificate"],
    ["a public key", publicPem],
    ["a private key", privatePem],
    ["a trusted certificate", pem.replaceAll(" CERTIFICATE", " TRUSTED CERTIFICATE")],
    ["an empty block", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"],
    [
      "a block of something else",
      `-----BEGIN CERTIFICATE-----\n${btoa("canary-9d1e")}\n-----END CERTIFICATE-----\n`,
    ],
    ["a cut block", pem.slice(0, 400)],
    [
      "a block with a broken middle",
      `${pem.slice(0, 300)}AAAA${pem.slice(304)}`.replace(/AAAA[\s\S]{200}/, "AAAA"),
    ],
  ];
  for (const [what, text] of refused) {
    test(`refuses ${what}, in our own words`, () => {
      assert.throws(
        () => readCertificate(text),
        (error: unknown) => {
          assert.ok(error instanceof CertificateError);
          assert.equal(error.message, "does not contain any valid RSA certificate");
          assert.ok(error.hint.length > 0 && error.cause === undefined);
          return true;
        },
      );
    });
  }

  test("names the type of a key that is not RSA", () => {
    assert.throws(() => readCertificate(ECDSA), /expected RSA public key but found one of type ec$/);
  });
});

suite("fingerprint", () => {
  for (const name of ["2048", "3072", "4096", "other-2048"]) {
    test(`of ${name} is what ssh-keygen prints, from either half`, () => {
      const key = readTestKey(name);
      assert.match(key.fingerprint, /^SHA256:[A-Za-z0-9+/]{43}$/);
      assert.equal(fingerprintOf(createPrivateKey(key.privatePem)), key.fingerprint);
      assert.equal(fingerprintOf(createPublicKey(key.privatePem)), key.fingerprint);
    });
  }

  test("of an unusual exponent differs from that of the usual one", () => {
    const { publicKey } = generateKeyPairSync("rsa", { modulusLength: 1024, publicExponent: 3 });
    assert.match(fingerprintOf(publicKey), /^SHA256:[A-Za-z0-9+/]{43}$/);
  });
});
