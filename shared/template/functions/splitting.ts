import { type CallContext, type FunctionTable, goFunction } from "../function-table.ts";
import { type GoMap, map, slice, types, type Value } from "../value.ts";
import { makeItems, readBytes, readCharacters, writeBytes } from "./accounting.ts";
import { charactersOf } from "./cut-text.ts";
import { isSlice, stringOf, stringsOf } from "./string-value.ts";
import { tableOf } from "./table.ts";

const { any, int, string } = types;

/** Sprig's functions that split strings, join lists of them and sort them. */
export const splittingFunctions: FunctionTable = tableOf({
  split: goFunction([string, string], ([separator, text], context) =>
    numbered(partsOf(text, separator, -1, context)),
  ),
  splitn: goFunction([string, int, string], ([separator, most, text], context) =>
    numbered(partsOf(text, separator, Number(most.value), context)),
  ),
  splitList: goFunction([string, string], ([separator, text], context) =>
    slice(partsOf(text, separator, -1, context), types.strings),
  ),
  join: goFunction([string, any], ([separator, list], context) => {
    const parts = stringsOf(list, context).items.map((part) => stringOf(part, context));
    const bytes = parts.reduce((total, part) => total + part.length, 0);
    writeBytes(context, bytes + separator.length * Math.max(parts.length - 1, 0));
    return parts.join(separator);
  }),
  toStrings: goFunction([any], ([list], context) => stringsOf(list, context)),
  sortAlpha: goFunction([any], ([list], context) => {
    if (!isSlice(list)) return slice([stringOf(list, context)], types.strings);
    const strings = stringsOf(list, context);
    const count = strings.items.length;
    const rounds = Math.ceil(Math.log2(count + 1));
    context.spend(count * rounds);
    // Strings that begin alike are read to where they differ, at each comparison.
    const bytes = strings.items.reduce<number>((sum, text) => sum + String(text).length, 0);
    readBytes(context, bytes * rounds);
    strings.items.sort(compareBytes);
    return strings;
  }),
});

function compareBytes(a: Value, b: Value): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

/**
 * Go's strings.SplitN.
 * @param most parts at most; below 0 for all, 0 for none
 */
function partsOf(text: string, separator: string, most: number, context: CallContext): Value[] {
  readBytes(context, text.length);
  if (most === 0) return [];
  if (separator === "") readCharacters(context, text.length);
  const all = separator === "" ? charactersOf(text) : text.split(separator);
  makeItems(context, all.length);
  if (most < 0 || all.length <= most) return all;
  return [...all.slice(0, most - 1), all.slice(most - 1).join(separator)];
}

/** Parts as a map with the keys `_0`, `_1` …, which a template can name as fields. */
function numbered(parts: readonly Value[]): GoMap {
  return map(new Map(parts.map((part, index) => [`_${index}`, part])), types.stringMap);
}
