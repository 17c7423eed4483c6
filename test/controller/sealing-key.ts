import { createPublicKey } from "node:crypto";
import { keySecret } from "../../controller/keys/key-secret.ts";
import type { SecretObject } from "../../controller/reconcile/secret-object.ts";
import { utf8 } from "../../shared/bytes.ts";
import { API_VERSION, KIND } from "../../shared/resource.ts";
import { type Scope, type ScopeKind, scopeAnnotations, scopeAt } from "../../shared/scope.ts";
import { readCertificate, sealingKeyOf } from "../../shared/seal/certificate.node.ts";
import { certifyKey } from "../../shared/seal/issue-certificate.node.ts";
import { readOpeningKey } from "../../shared/seal/opening-key.node.ts";
import { classicSealer, type OpeningKey } from "../../shared/seal/rsa-hybrid.ts";
import type { Sealer } from "../../shared/seal/sealer.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { pooledRsaKey } from "../support/rsa-key-pool.ts";

/** A sealing key of 2048 bits with both halves. */
export type SealingPair = {
  privateKeyPem: string;
  certificatePem: string;
  fingerprint: string;
  /** SHA-256 of the certificate, as places of wrapped keys have it. */
  digest: string;
  opening: OpeningKey;
  sealer: Sealer;
};

/** @param notBefore begin of the certificate; now when not given. */
export async function sealingPair(notBefore: Date = new Date()): Promise<SealingPair> {
  const privateKey = pooledRsaKey();
  const { privateKeyPem, certificatePem } = await certifyKey(
    { privateKey, publicKey: createPublicKey(privateKey) },
    { commonName: "", ttlMs: 24 * 3_600_000 },
    notBefore,
  );
  const certificate = readCertificate(certificatePem);
  return {
    privateKeyPem,
    certificatePem,
    fingerprint: certificate.fingerprint,
    digest: certificate.digest,
    opening: await readOpeningKey(privateKeyPem),
    sealer: classicSealer(await sealingKeyOf(certificate)),
  };
}

/** The uid of every Secret that {@link pairSecret} gives; where it is created over HTTP, the server chooses another. */
export const PAIR_UID = "5ec7e7ed-0000-4000-8000-000000000000";

/** The Secret that holds a pair, as the controller would write it, under a name of its own. */
export function pairSecret(
  { privateKeyPem, certificatePem }: Pick<SealingPair, "privateKeyPem" | "certificatePem">,
  name: string,
  metadata: Partial<SecretObject["metadata"]> = {},
): SecretObject {
  const place = { namespace: "kube-system", name, labels: {}, annotations: {} };
  const secret = keySecret({ privateKeyPem, certificatePem }, place);
  return { ...secret, metadata: { ...secret.metadata, uid: PAIR_UID, ...metadata } };
}

/** Values sealed for a scope, by item. */
export async function sealItems(
  { sealer }: Pick<SealingPair, "sealer">,
  scope: Scope,
  plain: Record<string, string>,
): Promise<Record<string, string>> {
  const items = new Map(Object.entries(plain).map(([item, text]) => [item, utf8(text)]));
  return Object.fromEntries(await sealer.sealAll(items, { clusterId: null, scope }));
}

/** A SealedSecret as a developer applies it. */
export async function sealedManifest(
  pair: Pick<SealingPair, "sealer">,
  place: { namespace: string; name: string },
  plain: Record<string, string>,
  kind: ScopeKind = "strict",
): Promise<SealedSecret> {
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { ...place, annotations: scopeAnnotations(kind) },
    spec: { encryptedData: await sealItems(pair, scopeAt(kind, place), plain) },
  };
}
