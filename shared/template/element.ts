import { TemplateFunctionError } from "./function-table.ts";
import { type GoInteger, type GoSlice, integer, typeOf, types, type Value, zeroOf } from "./value.ts";

/** Go templates' `index`: the item at an index or key, then in that the next, and so on. */
export function elementOf(value: Value, indexes: readonly Value[]): Value {
  if (isNothing(value)) throw new TemplateFunctionError("index of untyped nil");
  return indexes.reduce(oneElement, value);
}

function oneElement(from: Value, index: Value): Value {
  if (isNothing(from)) throw new TemplateFunctionError("index of nil pointer");
  if (typeof from === "string") return integer(from.charCodeAt(position(index, from.length)), types.uint8);
  if (typeof from === "object" && from.tag === "slice") {
    const item = from.items[position(index, from.items.length)];
    if (item !== undefined) return item;
  }
  if (typeof from !== "object" || from.tag !== "map")
    throw new TemplateFunctionError(`can't index item of type ${typeOf(from)?.name}`);
  if (typeof index !== "string")
    throw new TemplateFunctionError(`the key has type ${typeOf(index)?.name ?? "nil"}; should be string`);
  return from.entries.get(index) ?? zeroOf(from.type.element ?? types.any);
}

/** An index below the length. */
function position(index: Value, length: number): number {
  const at = bound(index, length);
  if (at >= length) throw new TemplateFunctionError("index out of range");
  return at;
}

function bound(index: Value, most: number): number {
  if (isNothing(index)) throw new TemplateFunctionError("cannot index slice/array with nil");
  if (typeof index !== "object" || index.tag !== "integer")
    throw new TemplateFunctionError(`cannot index slice/array with type ${typeOf(index)?.name}`);
  if (index.value < 0n || index.value > BigInt(most)) throw new TemplateFunctionError("index out of range");
  return Number(index.value);
}

/** Go templates' own `slice`. A slice's capacity counts as its length. */
export function partOf(value: Value, indexes: readonly Value[]): Value {
  if (isNothing(value)) throw new TemplateFunctionError("slice of untyped nil");
  if (indexes.length > 3) throw new TemplateFunctionError("too many slice indexes");
  if (typeof value === "string") {
    if (indexes.length === 3) throw new TemplateFunctionError("cannot 3-index slice a string");
    return value.slice(...range(indexes, value.length));
  }
  if (typeof value !== "object" || value.tag !== "slice")
    throw new TemplateFunctionError(`can't slice item of type ${typeOf(value)?.name}`);
  const part: GoSlice = { ...value, items: value.items.slice(...range(indexes, value.items.length)) };
  return part;
}

function range(indexes: readonly Value[], length: number): [number, number] {
  const [from = 0, to = length, most = length] = indexes.map((index) => bound(index, length));
  if (from > to || to > most) throw new TemplateFunctionError("invalid slice index");
  return [from, to];
}

/** Go templates' `len`. */
export function lengthOf(value: Value): GoInteger {
  if (typeof value === "string") return integer(value.length);
  if (typeof value === "object" && value.tag === "slice") return integer(value.items.length);
  if (typeof value === "object" && value.tag === "map") return integer(value.entries.size);
  throw new TemplateFunctionError(`len of type ${typeOf(value)?.name ?? "nil"}`);
}

function isNothing(value: Value): boolean {
  return typeof value === "object" && (value.tag === "absent" || value.tag === "nil");
}
