import { createPublicKey, type KeyObject, sign } from "node:crypto";
import { type Certificate, readCertificate } from "../../shared/seal/certificate.node.ts";
import { certifyKey, certifySuccessor } from "../../shared/seal/issue-certificate.node.ts";
import { pooledRsaKey } from "./rsa-key-pool.ts";

/** A sealing key that may vouch for others. */
export type ChainKey = { privateKey: KeyObject; certificate: Certificate };

export const DAY_MS = 86_400_000;

/** @param as one whose key it shares; a key of its own when not given. */
export async function chainKey(
  notBefore: Date,
  ttlMs = 365 * DAY_MS,
  as: ChainKey | null = null,
): Promise<ChainKey> {
  const privateKey = as?.privateKey ?? pooledRsaKey();
  const pair = { privateKey, publicKey: createPublicKey(privateKey) };
  const { certificatePem } = await certifyKey(pair, { commonName: "", ttlMs }, notBefore);
  return { privateKey, certificate: readCertificate(certificatePem) };
}

/** What one key says of another one, in PEM. */
export function link({ privateKey }: ChainKey, { certificate }: ChainKey): Promise<string> {
  return certifySuccessor(certificate, (content) => new Uint8Array(sign("sha256", content, privateKey)));
}

/** Fingerprints of neighbours, as steps have them. */
export function stepsOf(...keys: readonly ChainKey[]): [string, string][] {
  return keys
    .slice(1)
    .map((key, at) => [keys[at]?.certificate.fingerprint ?? "", key.certificate.fingerprint]);
}
