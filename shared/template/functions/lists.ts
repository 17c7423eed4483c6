import {
  type CallContext,
  type FunctionTable,
  goFunction,
  TemplateFunctionError,
  variadicFunction,
} from "../function-table.ts";
import { type GoSlice, NIL, slice, sliceOf, types, type Value, zeroOf } from "../value.ts";
import { makeItems } from "./accounting.ts";
import { toInt64 } from "./cast.ts";
import { deepEqual } from "./deep-equal.ts";
import { isEmpty } from "./emptiness.ts";
import { isNil, isSlice } from "./string-value.ts";
import { tableOf } from "./table.ts";

const { any, int } = types;

/** A function of one list that gives a new one or an item. */
const ofList = (derive: (list: GoSlice, context: CallContext) => Value) =>
  goFunction([any], ([list], context) => {
    const items = listOf(list);
    makeItems(context, items.items.length);
    return derive(items, context);
  });
const itemAt = (index: number) => goFunction([any], ([list]) => listOf(list).items.at(index) ?? NIL);

const append = goFunction([any, any], ([list, value], context) => extended(list, [], [value], context));
const prepend = goFunction([any, any], ([list, value], context) => extended(list, [value], [], context));
const list = variadicFunction([], any, (values) => slice([...values]));
const first = itemAt(0);
const last = itemAt(-1);
const rest = ofList(({ items }) => (items.length === 0 ? zeroOf(types.anySlice) : slice(items.slice(1))));
const initial = ofList(({ items }) =>
  items.length === 0 ? zeroOf(types.anySlice) : slice(items.slice(0, -1)),
);
const reverse = ofList(({ items }) => slice(items.toReversed()));
const compact = ofList(({ items }) => slice(items.filter((item) => !isEmpty(item))));
const uniq = ofList(({ items }, context) => {
  const kept: Value[] = [];
  for (const item of items) if (!holds(kept, item, context)) kept.push(item);
  return slice(kept);
});
const without = variadicFunction([any], any, ([from, ...omitted], context) => {
  const { items } = listOf(from);
  makeItems(context, items.length);
  return slice(items.filter((item) => !holds(omitted, item, context)));
});
const has = goFunction(
  [any, any],
  ([needle, haystack], context) => !isNil(haystack) && holds(listOf(haystack).items, needle, context),
);
const part = variadicFunction([any], any, ([from, ...bounds], context) => {
  const { items, type } = listOf(from);
  if (items.length === 0) return NIL;
  const start = bounds[0] === undefined ? 0n : toInt64(bounds[0]);
  const end = bounds[1] === undefined ? BigInt(items.length) : toInt64(bounds[1]);
  if (start < 0n || end < start || end > BigInt(items.length)) {
    throw new TemplateFunctionError("the bounds do not lie in the list");
  }
  makeItems(context, Number(end - start));
  return slice(items.slice(Number(start), Number(end)), type);
});
const chunk = goFunction([int, any], ([size, from], context) =>
  chunks(Number(size.value), listOf(from), context),
);

/** Sprig's functions on lists. The `must…` ones and the others fail alike, since a panic is an error to a template. */
export const listFunctions: FunctionTable = tableOf({
  list,
  tuple: list,
  append,
  push: append,
  mustAppend: append,
  mustPush: append,
  prepend,
  mustPrepend: prepend,
  first,
  mustFirst: first,
  last,
  mustLast: last,
  rest,
  mustRest: rest,
  initial,
  mustInitial: initial,
  reverse,
  mustReverse: reverse,
  compact,
  mustCompact: compact,
  uniq,
  mustUniq: uniq,
  without,
  mustWithout: without,
  has,
  mustHas: has,
  slice: part,
  mustSlice: part,
  chunk,
  mustChunk: chunk,
  concat: variadicFunction([], any, (lists, context) => {
    const items: Value[] = [];
    for (const each of lists) {
      const more = listOf(each).items;
      makeItems(context, more.length);
      for (const item of more) items.push(item);
    }
    return items.length === 0 ? zeroOf(types.anySlice) : slice(items);
  }),
});

/** @throws TemplateFunctionError when the value is no list */
function listOf(value: Value): GoSlice {
  if (!isSlice(value)) throw new TemplateFunctionError("the value is not a list");
  return value;
}

function extended(value: Value, before: Value[], after: Value[], context: CallContext): GoSlice {
  const { items } = listOf(value);
  makeItems(context, items.length + 1);
  return slice([...before, ...items, ...after]);
}

function holds(items: readonly Value[], needle: Value, context: CallContext): boolean {
  return items.some((item) => deepEqual(needle, item, context));
}

function chunks(size: number, { items }: GoSlice, context: CallContext): GoSlice {
  const count = Math.floor((items.length - 1) / size) + 1;
  const last = items.length % size || size;
  // Go panics for the same sizes. With few items, it takes a negative one without fuss.
  if (!(count >= 0 && count <= items.length) || (count > 0 && last < 0)) {
    throw new TemplateFunctionError("the size of a chunk is not above zero");
  }
  makeItems(context, items.length);
  const parts = Array.from({ length: count }, (_, index) => {
    const start = index * size;
    return slice(items.slice(start, start + (index === count - 1 ? last : size)));
  });
  return slice(parts, sliceOf(types.anySlice));
}
