import type { OpeningKey } from "../../../shared/seal/rsa-hybrid.ts";
import { sealItems, sealingPair } from "../../controller/sealing-key.ts";

/** Two sealing keys, the second of them newer. */
export const [older, newer] = await Promise.all([
  sealingPair(new Date("2025-01-01T00:00:00Z")),
  sealingPair(new Date("2026-01-01T00:00:00Z")),
]);

/** A pair of a sealing key, as far as sealing goes. */
export type Pair = Awaited<ReturnType<typeof sealingPair>>;

/** What a test seals: under one key, for a place. */
export type Sealed = {
  name: string;
  /** `team` when not given; null to leave it out of the manifest. */
  namespace?: string | null;
  items: Record<string, string>;
  /** Fingerprints that it claims; null for no claim at all. That of its key when not given. */
  claim?: string | null;
  annotations?: Record<string, string>;
};

/** A SealedSecret with values under that key, strict. */
export async function sealedUnder(pair: Pair, sealed: Sealed) {
  const { name, items, claim = pair.fingerprint, annotations = {} } = sealed;
  const namespace = sealed.namespace ?? "team";
  const encryptedData = await sealItems(pair, { kind: "strict", namespace, name }, items);
  const hint = claim === null ? {} : { "signet.dev/sealing-key": claim };
  return {
    apiVersion: "bitnami.com/v1alpha1",
    kind: "SealedSecret",
    metadata: {
      name,
      ...(sealed.namespace === null ? {} : { namespace }),
      annotations: { ...annotations, ...hint },
    },
    spec: { encryptedData },
  };
}

/** The private halves, newest first. */
export const bothKeys: readonly OpeningKey[] = [newer.opening, older.opening];

/** Manifests as one stream. */
export function stream(...documents: readonly object[]): string {
  return documents.map((document) => `${JSON.stringify(document)}\n`).join("");
}
