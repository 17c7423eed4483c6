import {
  type CallContext,
  type FunctionTable,
  goFunction,
  TemplateFunctionError,
  variadicFunction,
} from "../function-table.ts";
import { type GoMap, map, slice, sortedEntries, types, type Value } from "../value.ts";
import { makeItems, writeBytes } from "./accounting.ts";
import { deepCopy } from "./deep-copy.ts";
import { mergeInto } from "./merge.ts";
import { isNil, stringOf } from "./string-value.ts";
import { tableOf } from "./table.ts";

const { any, anyMap, string } = types;

const merge = merging(false);
const mergeOverwrite = merging(true);
const copy = goFunction([any], ([value], context) => {
  if (isNil(value)) throw new TemplateFunctionError("there is no copy of nil");
  return deepCopy(value, context);
});

/**
 * Sprig's functions on dictionaries. `set`, `unset` and the merges change the dictionary they are given. Go gives
 * keys and values in a new order at every run; here they come in the order of the keys.
 */
export const dictFunctions: FunctionTable = tableOf({
  dict: variadicFunction([], any, (pairs, context) => {
    const entries = new Map<string, Value>();
    for (let at = 0; at < pairs.length; at += 2) {
      entries.set(stringOf(pairs[at] ?? "", context), pairs[at + 1] ?? "");
    }
    return map(entries);
  }),
  get: goFunction([anyMap, string], ([dict, key]) => dict.entries.get(key) ?? ""),
  hasKey: goFunction([anyMap, string], ([dict, key]) => dict.entries.has(key)),
  set: goFunction([anyMap, string, any], ([dict, key, value], context) => {
    if (dict.isNil) throw new TemplateFunctionError("the dictionary is nil");
    writeBytes(context, key.length);
    dict.entries.set(key, value);
    return dict;
  }),
  unset: goFunction([anyMap, string], ([dict, key]) => {
    dict.entries.delete(key);
    return dict;
  }),
  keys: variadicFunction([], anyMap, (dicts, context) => {
    const keys = dicts.flatMap((dict) => entriesOf(dict, context).map(([key]) => key));
    return slice(keys, types.strings);
  }),
  values: goFunction([anyMap], ([dict], context) =>
    slice(entriesOf(dict, context).map(([, value]) => value)),
  ),
  pluck: variadicFunction([string], anyMap, ([key, ...dicts], context) => {
    makeItems(context, dicts.length);
    return slice(dicts.map(({ entries }) => entries.get(key)).filter((value) => value !== undefined));
  }),
  pick: variadicFunction([anyMap], string, ([dict, ...keys], context) => filtered(dict, keys, true, context)),
  omit: variadicFunction([anyMap], string, ([dict, ...keys], context) =>
    filtered(dict, keys, false, context),
  ),
  dig: variadicFunction([], any, (steps) => dug(steps)),
  merge,
  mustMerge: merge,
  mergeOverwrite,
  mustMergeOverwrite: mergeOverwrite,
  deepCopy: copy,
  mustDeepCopy: copy,
});

/** A nil target becomes a new dictionary, as mergo makes one. */
function merging(overwrites: boolean) {
  return variadicFunction([anyMap], anyMap, ([into, ...sources], context) => {
    const isFilled = sources.some(({ isNil }) => !isNil);
    const target = into.isNil && isFilled ? map(new Map(), into.type) : into;
    for (const source of sources) mergeInto(target, source, overwrites, context);
    return target;
  });
}

function entriesOf(dict: GoMap, context: CallContext): [string, Value][] {
  makeItems(context, dict.entries.size);
  return sortedEntries(dict);
}

function filtered(dict: GoMap, keys: readonly string[], keepsThem: boolean, context: CallContext): GoMap {
  makeItems(context, dict.entries.size);
  const named = new Set(keys);
  return map(new Map([...dict.entries].filter(([key]) => named.has(key) === keepsThem)));
}

/** Follows keys through dictionaries: `dig "a" "b" default dict`. */
function dug(steps: readonly Value[]): Value {
  const [dict, fallback] = [steps.at(-1), steps.at(-2)];
  if (steps.length < 3 || dict === undefined || fallback === undefined) {
    throw new TemplateFunctionError("a key, a default and a dictionary are needed");
  }
  let at = dict;
  const keys = steps.slice(0, -2);
  if (!keys.every((key) => typeof key === "string")) throw new TemplateFunctionError("a key is not a string");
  for (const key of keys) {
    if (typeof at !== "object" || at.tag !== "map" || at.type.name !== anyMap.name) {
      throw new TemplateFunctionError("a value on the way is not a dictionary");
    }
    const next = at.entries.get(key);
    if (next === undefined) return fallback;
    at = next;
  }
  return at;
}
