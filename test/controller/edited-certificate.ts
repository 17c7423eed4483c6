import assert from "node:assert/strict";

/** A certificate with another begin, edited without its private key: the signature stays as it was, and fits no more. */
export function withBegin(certificatePem: string, begin: Date): string {
  const der = Buffer.from(certificatePem.replace(/-----.*?-----|\s/g, ""), "base64");
  // UTCTime (tag 0x17) of 13 letters, YYMMDDhhmmssZ; the first one is notBefore.
  const at = der.indexOf(Buffer.from([0x17, 13]));
  assert.ok(at > 0, "a certificate that begins before 2050");
  der.write(`${begin.toISOString().replace(/[-:T]/g, "").slice(2, 14)}Z`, at + 2, "latin1");
  const lines = der.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}
