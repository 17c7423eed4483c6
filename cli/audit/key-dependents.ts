import { itemKey, objectName } from "./item-name.ts";
import type { AuditedValue } from "./judge-values.ts";
import { beginOf, type KeyRing, type KnownKey } from "./key-ring.ts";

/** A key, and what would stop opening if it went. */
export type KeyDependents = {
  /** Fingerprint, `kms:ARN`, `vault:MOUNT/KEY`, recipients of SOPS documents. */
  key: string;
  known: KnownKey | null;
  ageMs: number | null;
  /** Different items that it opens, and that only claim it. */
  opened: number;
  claimed: number;
  /** Their objects, sorted. */
  objects: readonly string[];
};

/** Every key that is known or needed, the oldest first; those of which no begin is known come last. */
export function keyDependents(values: readonly AuditedValue[], ring: KeyRing, now: Date): KeyDependents[] {
  const { known } = ring;
  const byKey = Map.groupBy(values, ({ key }) => key);
  const names = new Set([...known.keys(), ...[...byKey.keys()].filter((key) => key !== null)]);
  const begin = (key: string) => beginOf(key, ring)?.getTime() ?? Number.POSITIVE_INFINITY;
  return [...names]
    .sort((a, b) => begin(a) - begin(b) || (a < b ? -1 : 1))
    .map((key) => {
      const needing = byKey.get(key) ?? [];
      const opened = new Set(needing.filter(({ proof }) => proof === "opened").map(itemKey));
      const claimed = new Set(needing.map(itemKey).filter((item) => !opened.has(item)));
      const began = beginOf(key, ring);
      return {
        key,
        known: known.get(key) ?? null,
        ageMs: began === null ? null : now.getTime() - began.getTime(),
        opened: opened.size,
        claimed: claimed.size,
        objects: [...new Set(needing.map(({ object }) => objectName(object)))].sort(),
      };
    });
}
