import { AUDIT_RULES } from "./audit-rules.ts";
import { itemKey, itemName } from "./item-name.ts";
import type { AuditedValue } from "./judge-values.ts";

/** Values of several places with the same plaintext. */
export type DuplicateGroup = {
  /** The keyed fingerprint of the plaintext. */
  mark: string;
  /** `namespace/name item` of each, sorted. */
  items: readonly string[];
};

/**
 * Groups values that hold the same plaintext in different places, and notes it with each of them. A value that stands in files and
 * in the cluster is one.
 */
export function findDuplicates(values: readonly AuditedValue[], fails: boolean): DuplicateGroup[] {
  const marked = values.flatMap((value) =>
    value.outcome.kind === "opened" ? value.outcome.marks.map((mark) => ({ mark, value })) : [],
  );
  const groups: DuplicateGroup[] = [];
  for (const [mark, pairs] of Map.groupBy(marked, (one) => one.mark)) {
    const group = new Set(pairs.map(({ value }) => value));
    const places = new Map([...group].map((value) => [itemKey(value), itemName(value)]));
    if (places.size < 2) continue;
    groups.push({ mark, items: [...places.values()].sort() });
    for (const value of group) {
      const others = places.size - 1;
      const [other] = [...places]
        .filter(([key]) => key !== itemKey(value))
        .map(([, name]) => name)
        .sort();
      const more = others === 1 ? "" : ` and ${others - 1} more`;
      const what = `it holds the same as ${other}${more} (${mark})`;
      value.findings.push({ rule: "duplicates", what, next: AUDIT_RULES.duplicates.next, fails });
    }
  }
  return groups;
}
