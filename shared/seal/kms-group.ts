import { toBase64 } from "../bytes.ts";
import type { WrappedDataKey } from "./kms-api.ts";
import type { KmsValue } from "./kms-value.ts";

/** Items that share a data key. */
export type KmsGroup = { wrapped: WrappedDataKey; items: Map<string, KmsValue> };

/** Puts items together whose values name the same key and hold the same blob. */
export function groupByDataKey(values: ReadonlyMap<string, KmsValue>): Map<string, KmsGroup> {
  const groups = new Map<string, KmsGroup>();
  for (const [item, value] of values) {
    const { wrapped } = value;
    const id = `${wrapped.key}:${toBase64(wrapped.blob)}`;
    const group = groups.get(id) ?? { wrapped, items: new Map<string, KmsValue>() };
    groups.set(id, group);
    group.items.set(item, value);
  }
  return groups;
}
