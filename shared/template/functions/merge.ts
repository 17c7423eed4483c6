import { type CallContext, TemplateFunctionError } from "../function-table.ts";
import { type GoMap, sortedEntries, type Value } from "../value.ts";
import { isEmpty } from "./emptiness.ts";
import { isNil } from "./string-value.ts";

// Go's stack would take far more, ours not.
const DEEPEST = 1000;

/**
 * Merges a map into another, in place, as mergo 1.0 does: maps within maps are merged, too; of other values, the
 * target's stays unless it is empty or `overwrites` is true. What only the source has is shared, not copied.
 * @throws TemplateFunctionError where Go panics: values of any type for a map of strings, nesting without end
 */
export function mergeInto(target: GoMap, source: GoMap, overwrites: boolean, context: CallContext): void {
  mergeAt(target, source, { overwrites, context }, 0);
}

type Merge = { overwrites: boolean; context: CallContext };

function mergeAt(target: GoMap, source: GoMap, merge: Merge, depth: number): void {
  if (depth > DEEPEST) throw new TemplateFunctionError("the dictionaries are nested too deeply");
  merge.context.spend(1 + source.entries.size);
  for (const [key, value] of sortedEntries(source)) {
    const present = target.entries.get(key);
    const bothMaps = isMap(value) && isMap(present);
    if (bothMaps && !present.isNil) mergeAt(present, value, merge, depth + 1);
    if (takes(present, value, merge.overwrites && !bothMaps)) put(target, source, key, value);
  }
}

/** Whether the source's value takes the place of the target's. A nil never fills a gap, but overwrites. */
function takes(present: Value | undefined, value: Value, overwrites: boolean): boolean {
  return overwrites || (!isNil(value) && (present === undefined || isEmpty(present)));
}

function put(target: GoMap, source: GoMap, key: string, value: Value): void {
  const wanted = target.type.element;
  if (wanted?.kind !== "interface" && wanted?.name !== source.type.element?.name) {
    throw new TemplateFunctionError("a value of any type cannot be merged into a map of strings");
  }
  target.entries.set(key, value);
}

function isMap(value: Value | undefined): value is GoMap {
  return typeof value === "object" && value.tag === "map";
}
