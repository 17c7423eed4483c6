import { createPublicKey } from "node:crypto";
import forge from "node-forge";
import { selfSign } from "../../shared/seal/issue-certificate.node.ts";
import { pooledRsaKey } from "./rsa-key-pool.ts";

/** A certificate for tests, with the key that opens what it seals. */
export type TestCertificate = { certificatePem: string; privateKeyPem: string };

const DAY_MS = 86_400_000;

/** A certificate whose key is not RSA (ECDSA P-256, made with OpenSSL). */
export const ecdsaCertificatePem = `-----BEGIN CERTIFICATE-----
MIIBcTCCARegAwIBAgIUQTiPUpu5ZLwlhxbHmmiyT0RfCoYwCgYIKoZIzj0EAwIw
DTELMAkGA1UEAwwCZWMwIBcNMjYxMTIxMDQzMTMwWhgPMjEyNjEwMjgwNDMxMzBa
MA0xCzAJBgNVBAMMAmVjMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEq8fTu4Um
uzYlsNsSR8g85WOCM0RiI7S7WV8gDA8g5bx7KMy4ALSxXaxAzKflnrtbZkiRzVUi
tgBGRyHHz4k1K6NTMFEwHQYDVR0OBBYEFE/lBQzR7QqqQHc8wYaCeNpiz2T1MB8G
A1UdIwQYMBaAFE/lBQzR7QqqQHc8wYaCeNpiz2T1MA8GA1UdEwEB/wQFMAMBAf8w
CgYIKoZIzj0EAwIDSAAwRQIhAOJ7TRfKOtyPV8c1FT8pBlhe3DkOwDU77gzJdPoi
kRq/AiBZJiGH/Sxcq0RfVP+9GPR48CCr8cOJcBgDIU2L/sQrBw==
-----END CERTIFICATE-----
`;

const made = new Map<string, TestCertificate>();

/**
 * An RSA-2048 certificate that is valid from and until so many days from now; one is made for each pair of days, and
 * kept for the life of the process.
 * @param serial tells certificates of equal days apart.
 */
export function testCertificate(fromDay = -1, untilDay = 3650, serial = 1): TestCertificate {
  const id = `${fromDay} ${untilDay} ${serial}`;
  const known = made.get(id) ?? makeCertificate(fromDay, untilDay, serial);
  made.set(id, known);
  return known;
}

function makeCertificate(fromDay: number, untilDay: number, serial: number): TestCertificate {
  const privateKey = pooledRsaKey();
  const privateKeyPem = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  const publicKeyPem = createPublicKey(privateKey).export({ type: "spki", format: "pem" }).toString();
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKeyPem);
  certificate.serialNumber = `0${serial}`;
  certificate.validity.notBefore = new Date(Date.now() + fromDay * DAY_MS);
  certificate.validity.notAfter = new Date(Date.now() + untilDay * DAY_MS);
  selfSign(forge, certificate, privateKey);
  return {
    certificatePem: forge.pki.certificateToPem(certificate).replaceAll("\r\n", "\n"),
    privateKeyPem,
  };
}
