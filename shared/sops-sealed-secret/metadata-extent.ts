/** A document for a thousand keys of AWS KMS, each with a context, has fewer. */
const MOST_VALUES = 20_000;
/** Those of a group, of a context in one: `sops.key_groups[0].kms[0].context.team` is six deep. */
const DEEPEST = 20;

/**
 * Whether a field `sops` is no larger and no deeper than documents have it. Whoever may write a SealedSecret may write anything
 * there, and all of it is walked each time the object is looked at.
 */
export function isOfSensibleExtent(sops: unknown): boolean {
  const open: { value: unknown; depth: number }[] = [{ value: sops, depth: 0 }];
  let values = 1;
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const { value, depth } = at;
    if (typeof value !== "object" || value === null) continue;
    const inner: unknown[] = Object.values(value);
    values += inner.length;
    if (values > MOST_VALUES || depth === DEEPEST) return false;
    for (const one of inner) open.push({ value: one, depth: depth + 1 });
  }
  return true;
}
