import { typeOf, type Value } from "../value.ts";

/** Whether a value is what sprig calls empty: nil, false, 0, or a string, list or map without content. */
export function isEmpty(value: Value): boolean {
  if (typeof value !== "object") return value === "" || value === 0 || value === false;
  switch (value.tag) {
    case "absent":
    case "nil":
      return true;
    case "integer":
      return value.value === 0n;
    case "slice":
      return value.items.length === 0;
    case "map":
      return value.entries.size === 0;
    default:
      return false;
  }
}

/** Go's reflect kind of a value: `invalid` for nil. */
export function kindOf(value: Value): string {
  return typeOf(value)?.kind ?? "invalid";
}
