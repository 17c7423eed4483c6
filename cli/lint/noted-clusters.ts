import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { readSealingKeyHint } from "../../shared/sealing-key-hint.ts";
import type { KnownKeys } from "./known-keys.ts";

/**
 * The clusters of the project that each item of an object is for, as far as its note on the key says so and the key is pinned. A key may
 * be pinned for several.
 */
export function notedClusters(
  { metadata, spec }: SealedSecret,
  known: KnownKeys,
): ReadonlyMap<string, ReadonlySet<string>> {
  const hint = readSealingKeyHint(metadata.annotations, Object.keys(spec.encryptedData));
  return new Map(
    [...hint].flatMap(([item, fingerprint]) => {
      const keys = known?.filter((key) => key.fingerprint === fingerprint) ?? [];
      const clusters = keys.flatMap(({ cluster }) => cluster ?? []);
      return clusters.length === 0 ? [] : [[item, new Set(clusters)]];
    }),
  );
}
