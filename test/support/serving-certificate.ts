import { createPublicKey } from "node:crypto";
import forge from "node-forge";
import { selfSign } from "../../shared/seal/issue-certificate.node.ts";
import { pooledRsaKey } from "./rsa-key-pool.ts";
import type { TestCertificate } from "./test-certificates.ts";

const HOUR_MS = 3_600_000;

/** A certificate that is its own authority, for TLS servers on 127.0.0.1, ::1 and localhost; good for a day. */
export function servingCertificate(): TestCertificate {
  const privateKey = pooledRsaKey();
  const privateKeyPem = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  const publicKeyPem = createPublicKey(privateKey).export({ type: "spki", format: "pem" }).toString();
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKeyPem);
  certificate.serialNumber = "01";
  certificate.validity.notBefore = new Date(Date.now() - HOUR_MS);
  certificate.validity.notAfter = new Date(Date.now() + 24 * HOUR_MS);
  const name = [{ name: "commonName", value: "signet test" }];
  certificate.setSubject(name);
  certificate.setIssuer(name);
  const [dns, ip] = [2, 7]; // kinds of GeneralName, RFC 5280 4.2.1.6
  certificate.setExtensions([
    { name: "basicConstraints", cA: true },
    {
      name: "subjectAltName",
      altNames: [
        { type: dns, value: "localhost" },
        { type: ip, ip: "127.0.0.1" },
        { type: ip, ip: "::1" },
      ],
    },
  ]);
  selfSign(forge, certificate, privateKey);
  return {
    certificatePem: forge.pki.certificateToPem(certificate).replaceAll("\r\n", "\n"),
    privateKeyPem,
  };
}
