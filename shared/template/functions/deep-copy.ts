import { type CallContext, TemplateFunctionError } from "../function-table.ts";
import type { Value } from "../value.ts";
import { makeItems } from "./accounting.ts";

// Go's stack would take far more, ours not.
const DEEPEST = 1000;

/**
 * A copy that shares no list and no map with the original.
 * @throws TemplateFunctionError for values nested without end, and what `context` throws
 */
export function deepCopy(value: Value, context: CallContext, depth = 0): Value {
  if (typeof value === "object" && value.tag === "struct") return value.type.copied?.(value) ?? value;
  if (typeof value !== "object" || (value.tag !== "slice" && value.tag !== "map")) return value;
  if (depth > DEEPEST) throw new TemplateFunctionError("the value is nested too deeply");
  const copy = (item: Value): Value => deepCopy(item, context, depth + 1);
  if (value.tag === "slice") {
    makeItems(context, value.items.length);
    return { ...value, items: value.items.map(copy) };
  }
  makeItems(context, value.entries.size);
  return { ...value, entries: new Map([...value.entries].map(([key, item]) => [key, copy(item)])) };
}
