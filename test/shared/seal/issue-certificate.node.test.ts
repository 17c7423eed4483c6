import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { test } from "node:test";
import forge from "node-forge";
import { issueKey } from "../../../shared/seal/issue-certificate.node.ts";

const NOW = new Date("2031-02-03T04:05:06.789Z");
const TTL_MS = 87600 * 3_600_000;
const issued = await issueKey({ keyBits: 2048, commonName: "", ttlMs: TTL_MS }, NOW);
const certificate = new X509Certificate(issued.certificatePem);
const parsed = forge.pki.certificateFromPem(issued.certificatePem);

/** The parts of `tbsCertificate` (RFC 5280 section 4.1) as they stand in DER. */
function tbsOf(pem: string): forge.asn1.Asn1[] {
  const der = forge.asn1.fromDer(forge.util.createBuffer(new X509Certificate(pem).raw.toString("binary")));
  const [tbs] = der.value as forge.asn1.Asn1[];
  return (tbs?.value ?? []) as forge.asn1.Asn1[];
}

test("the private key is PKCS#1 and the certificate is for it", () => {
  assert.match(
    issued.privateKeyPem,
    /^-----BEGIN RSA PRIVATE KEY-----\n[\s\S]*-----END RSA PRIVATE KEY-----\n$/,
  );
  assert.ok(certificate.checkPrivateKey(createPrivateKey(issued.privateKeyPem)));
  assert.equal(createPublicKey(issued.privateKeyPem).asymmetricKeyDetails?.modulusLength, 2048);
});

test("the certificate is one PEM block with plain line ends", () => {
  assert.match(
    issued.certificatePem,
    /^-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]*-----END CERTIFICATE-----\n$/,
  );
});

test("it is X.509 v3, signed by its own key with SHA-256 and RSA", () => {
  assert.ok(certificate.verify(createPublicKey(issued.privateKeyPem)));
  assert.equal(forge.pki.oids[parsed.siginfo.algorithmOid], "sha256WithRSAEncryption");
  assert.equal(forge.pki.oids[parsed.signatureOid], "sha256WithRSAEncryption");
  assert.equal(parsed.version, 2);
  assert.ok(parsed.isIssuer(parsed));
});

test("it is valid from now, in whole seconds, for the time asked for", () => {
  assert.equal(new Date(certificate.validFrom).toISOString(), "2031-02-03T04:05:06.000Z");
  assert.equal(new Date(certificate.validTo).getTime(), Date.UTC(2031, 1, 3, 4, 5, 6) + TTL_MS);
  assert.equal(issued.notBefore.toISOString(), "2031-02-03T04:05:06.000Z");
});

test("a validity beyond 2049 is written in the other time format, and reads right", async () => {
  const long = await issueKey({ keyBits: 2048, commonName: "", ttlMs: 40 * 365.25 * 86_400_000 }, NOW);
  assert.equal(new Date(new X509Certificate(long.certificatePem).validTo).getUTCFullYear(), 2071);
});

test("issuer and subject are empty unless a common name is given", async () => {
  assert.equal(parsed.subject.attributes.length, 0);
  assert.equal(parsed.issuer.attributes.length, 0);
  for (const commonName of ["sealed-secrets.example", "Zürich, O=x/CN=y"]) {
    const named = await issueKey({ keyBits: 2048, commonName, ttlMs: TTL_MS }, NOW);
    const { subject, issuer } = forge.pki.certificateFromPem(named.certificatePem);
    for (const { attributes } of [subject, issuer]) {
      assert.equal(attributes.length, 1);
      assert.equal(attributes[0]?.shortName, "CN");
      assert.equal(attributes[0]?.value, commonName);
    }
  }
});

test("extensions: critical keyUsage encipherOnly alone, critical CA, subject key identifier, and no more", () => {
  const byName = Object.fromEntries(parsed.extensions.map((extension) => [extension.name, extension]));
  assert.deepEqual(Object.keys(byName).sort(), ["basicConstraints", "keyUsage", "subjectKeyIdentifier"]);
  assert.equal(byName["keyUsage"].critical, true);
  // BIT STRING of eight bits, of which the last one is encipherOnly (RFC 5280 section 4.2.1.3).
  assert.equal(Buffer.from(byName["keyUsage"].value, "binary").toString("hex"), "03020001");
  assert.equal(byName["basicConstraints"].critical, true);
  assert.equal(byName["basicConstraints"].cA, true);
  assert.equal(byName["subjectKeyIdentifier"].critical, false);
});

test("the serial is positive, 16 bytes, and new each time", async () => {
  const serials = [issued, await issueKey({ keyBits: 2048, commonName: "", ttlMs: TTL_MS }, NOW)].map(
    ({ certificatePem }) => {
      const [, serial] = tbsOf(certificatePem);
      const bytes = Buffer.from(String(serial?.value), "binary");
      assert.equal(bytes.length, 16, "no leading zero is needed, so the top bit is clear");
      assert.equal((bytes[0] ?? 0xff) & 0x80, 0);
      return bytes.toString("hex");
    },
  );
  assert.notEqual(serials[0], serials[1]);
});

test("the modulus has the length asked for", async () => {
  const long = await issueKey({ keyBits: 3072, commonName: "", ttlMs: TTL_MS }, NOW);
  const { publicKey } = new X509Certificate(long.certificatePem);
  assert.equal(publicKey.asymmetricKeyDetails?.modulusLength, 3072);
  assert.equal(publicKey.asymmetricKeyDetails?.publicExponent, 65537n);
});
