import { type FunctionTable, goFunction } from "../function-table.ts";
import { typeOf, types, type Value } from "../value.ts";
import { deepEqual } from "./deep-equal.ts";
import { kindOf } from "./emptiness.ts";
import { tableOf } from "./table.ts";

const { any, string } = types;

/** Sprig's functions that ask what a value is. */
export const reflectionFunctions: FunctionTable = tableOf({
  typeOf: goFunction([any], ([value]) => typeName(value)),
  typeIs: goFunction([string, any], ([name, value]) => name === typeName(value)),
  typeIsLike: goFunction(
    [string, any],
    ([name, value]) => name === typeName(value) || `*${name}` === typeName(value),
  ),
  kindOf: goFunction([any], ([value]) => kindOf(value)),
  kindIs: goFunction([string, any], ([kind, value]) => kind === kindOf(value)),
  deepEqual: goFunction([any, any], ([a, b], context) => deepEqual(a, b, context)),
});

function typeName(value: Value): string {
  return typeOf(value)?.name ?? "<nil>";
}
