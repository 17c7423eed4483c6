import type { CallContext } from "../function-table.ts";
import { TemplateFunctionError } from "../function-table.ts";
import { type GoMap, type GoSlice, type GoStruct, typeOf, type Value } from "../value.ts";
import { readBytes } from "./accounting.ts";
import { isNil } from "./string-value.ts";

// Go's stack would take far more, ours not.
const DEEPEST = 1000;

/**
 * Go's reflect.DeepEqual: the same type and the same content. A nil list and an empty one differ; NaN is not NaN.
 * @throws TemplateFunctionError for values nested without end, and what `context` throws
 */
export function deepEqual(a: Value, b: Value, context: CallContext, depth = 0): boolean {
  context.spend(1);
  if (depth > DEEPEST) throw new TemplateFunctionError("the values are nested too deeply");
  if (typeof a === "string" && typeof b === "string") return equalStrings(a, b, context);
  if (typeof a !== "object" || typeof b !== "object") return a === b;
  if (isNil(a) || isNil(b)) return isNil(a) && isNil(b);
  if (typeOf(a)?.name !== typeOf(b)?.name) return false;
  if (a === b) return true;
  if (a.tag === "integer") return b.tag === "integer" && a.value === b.value;
  const equal = (x: Value, y: Value): boolean => deepEqual(x, y, context, depth + 1);
  if (a.tag === "slice") return b.tag === "slice" && equalSlices(a, b, equal);
  if (a.tag === "map") return b.tag === "map" && equalMaps(a, b, equal);
  return a.tag === "struct" && b.tag === "struct" && equalStructs(a, b, equal);
}

function equalStrings(a: string, b: string, context: CallContext): boolean {
  if (a.length !== b.length) return false;
  readBytes(context, a.length);
  return a === b;
}

type Equal = (a: Value, b: Value) => boolean;

function equalSlices(a: GoSlice, b: GoSlice, equal: Equal): boolean {
  if (a.isNil !== b.isNil || a.items.length !== b.items.length) return false;
  if (a.items === b.items) return true;
  return a.items.every((item, index) => {
    const other = b.items[index];
    return other !== undefined && equal(item, other);
  });
}

function equalMaps(a: GoMap, b: GoMap, equal: Equal): boolean {
  if (a.isNil !== b.isNil || a.entries.size !== b.entries.size) return false;
  return [...a.entries].every(([key, item]) => {
    const other = b.entries.get(key);
    return other !== undefined && equal(item, other);
  });
}

function equalStructs(a: GoStruct, b: GoStruct, equal: Equal): boolean {
  if (a.type.equals !== undefined) return a.type.equals(a, b);
  return [...a.fields].every(([name, field]) => {
    const other = b.fields.get(name);
    return other !== undefined && equal(field, other);
  });
}
