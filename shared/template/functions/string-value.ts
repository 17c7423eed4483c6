import type { CallContext } from "../function-table.ts";
import { print } from "../printf.ts";
import { type GoSlice, slice, types, type Value } from "../value.ts";
import { makeItems } from "./accounting.ts";

/** A value as text, as sprig's toString gives it: bytes as they are, all else as `%v` prints it. A byte string. */
export function stringOf(value: Value, context: CallContext): string {
  if (typeof value === "string") return value;
  return isBytes(value) ? bytesText(value) : print([value], context);
}

/**
 * A value as []string: the items of a list as `stringOf` gives them, without nils; another value alone; nil as none.
 * @returns a []string as it is, as Go does: who sorts the result sorts the list
 */
export function stringsOf(value: Value, context: CallContext): GoSlice {
  if (isNil(value)) return slice([], types.strings);
  if (!isSlice(value)) return slice([stringOf(value, context)], types.strings);
  if (value.type.name === types.strings.name) return value;
  makeItems(context, value.items.length);
  const present = value.items.filter((item) => !isNil(item));
  return slice(
    present.map((item) => stringOf(item, context)),
    types.strings,
  );
}

/** Whether a value is a slice of any type. */
export function isSlice(value: Value): value is GoSlice {
  return typeof value === "object" && value.tag === "slice";
}

/** Whether a value is the nil of an `interface{}`. */
export function isNil(value: Value): boolean {
  return typeof value === "object" && (value.tag === "nil" || value.tag === "absent");
}

/** Whether a value is Go's []byte. */
export function isBytes(value: Value): value is GoSlice {
  return isSlice(value) && value.type.element?.kind === "uint8";
}

/** The bytes of a []byte, as a byte string. */
export function bytesText({ items }: GoSlice): string {
  let text = "";
  for (const item of items) {
    if (typeof item === "object" && item.tag === "integer") text += String.fromCharCode(Number(item.value));
  }
  return text;
}
