import type { Value } from "./value.ts";

/** Whether `if` takes a value for true: everything but nothing, zero, false and the empty. A struct is always true. */
export function isTrue(value: Value): boolean {
  switch (typeof value) {
    case "boolean":
      return value;
    case "string":
      return value !== "";
    case "number":
      return value !== 0;
  }
  switch (value.tag) {
    case "integer":
      return value.value !== 0n;
    case "slice":
      return value.items.length > 0;
    case "map":
      return value.entries.size > 0;
    case "struct":
      return true;
    default:
      return false;
  }
}
