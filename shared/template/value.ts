/** The kinds of Go's `reflect` that a template's values can have, by the names Go prints. */
export type Kind =
  | "bool"
  | "string"
  | "int"
  | "int32"
  | "int64"
  | "uint8"
  | "uint32"
  | "uint64"
  | "float64"
  | "slice"
  | "map"
  | "struct"
  | "ptr"
  | "interface";

/**
 * A Go type. Two types are the same when their names are. `V` is how its values look here.
 *
 * What a type knows of its own values (methods, printing, JSON) stands on the type, so that times, versions and
 * certificates need no case of their own in the evaluator.
 */
export type GoType<V = Value> = {
  /** As `%T` and sprig's typeOf print it, as in `map[string]interface {}`. */
  readonly name: string;
  readonly kind: Kind;
  /** Of a slice's items or a map's values. */
  readonly element?: GoType;
  /** Methods a template can call, by name. `receiver` is what the method is called on. */
  readonly methods?: ReadonlyMap<string, Method>;
  /** What String() or Error() gives: fmt prints this. Byte string. */
  readonly string?: (value: Value) => string;
  /** What GoString() gives, for `%#v`. Byte string. */
  readonly goString?: (value: Value) => string;
  /** What stands for the value in JSON, where the type marshals itself. */
  readonly json?: (value: Value) => Value;
  /** `==` where it is not the comparison of all fields (struct) or identity (ptr). */
  readonly equals?: (a: Value, b: Value) => boolean;
  /** What a deep copy of a struct is, where Go's copy does not reach all of it. */
  readonly copied?: (value: Value) => Value;
  /** Never set: it lets TypeScript infer V. */
  readonly like?: V;
};

/** A method: parameters without the receiver. `call` as in TemplateFunction (function-table.ts). */
export type Method = {
  readonly parameters: readonly GoType[];
  readonly variadic?: boolean;
  readonly call: (receiver: Value, args: readonly Value[]) => Value;
};

/** No value at all, as a missing key of a map gives (Go: the invalid reflect.Value). Prints `<no value>`. */
export type Absent = { readonly tag: "absent" };

/** A nil inside an `interface{}`, as null in JSON gives. A pipeline turns it into Absent. */
export type Nil = { readonly tag: "nil" };

/** An integer of any width; `value` is always within the range of its kind. Durations and months are integers. */
export type GoInteger = { readonly tag: "integer"; readonly type: GoType; readonly value: bigint };

/** `items` may be changed in place, and whoever holds the slice sees it, as in Go. `isNil`: Go's nil slice. */
export type GoSlice = {
  readonly tag: "slice";
  readonly type: GoType;
  readonly items: Value[];
  readonly isNil: boolean;
};

/** A map with string keys (byte strings); no other occurs. `entries` may be changed in place, as in Go. */
export type GoMap = {
  readonly tag: "map";
  readonly type: GoType;
  readonly entries: Map<string, Value>;
  readonly isNil: boolean;
};

/**
 * A struct, or a pointer to one (kind of its type). `fields` are in Go's order; a field whose name does not start
 * with a capital is not exported. `payload` is for the type's own methods.
 */
export type GoStruct = {
  readonly tag: "struct";
  readonly type: GoType;
  readonly fields: ReadonlyMap<string, Value>;
  readonly payload?: unknown;
};

/**
 * A Go value. JavaScript's boolean is Go's bool, number is float64, and string is a **byte string**: one character
 * (0 to 255) for each byte, so that length, index, slice and order are Go's. See byte-string.ts.
 */
export type Value = Absent | Nil | boolean | number | string | GoInteger | GoSlice | GoMap | GoStruct;

export const ABSENT: Absent = { tag: "absent" };
export const NIL: Nil = { tag: "nil" };

const any: GoType<Value> = { name: "interface {}", kind: "interface" };
const string: GoType<string> = { name: "string", kind: "string" };
const bool: GoType<boolean> = { name: "bool", kind: "bool" };
const int: GoType<GoInteger> = { name: "int", kind: "int" };
const uint8: GoType<GoInteger> = { name: "uint8", kind: "uint8" };

/** The types that occur, each with the form its values have here. */
export const types = {
  any,
  string,
  bool,
  int,
  uint8,
  int32: { name: "int32", kind: "int32" } satisfies GoType as GoType<GoInteger>,
  int64: { name: "int64", kind: "int64" } satisfies GoType as GoType<GoInteger>,
  uint32: { name: "uint32", kind: "uint32" } satisfies GoType as GoType<GoInteger>,
  uint64: { name: "uint64", kind: "uint64" } satisfies GoType as GoType<GoInteger>,
  float64: { name: "float64", kind: "float64" } satisfies GoType as GoType<number>,
  /** []interface {} */
  anySlice: sliceOf(any),
  strings: sliceOf(string),
  ints: sliceOf(int),
  bytes: sliceOf(uint8),
  /** map[string]interface {} */
  anyMap: mapOf(any),
  stringMap: mapOf(string),
  /** Go's reflect.Value as a parameter: takes everything, Absent too, as it is. For Go's own builtins. */
  reflected: { name: "reflect.Value", kind: "struct" } satisfies GoType as GoType<Value>,
};

/** The type []element. */
export function sliceOf(element: GoType): GoType<GoSlice> {
  return { name: `[]${element.name}`, kind: "slice", element };
}

/** The type map[string]element. */
export function mapOf(element: GoType): GoType<GoMap> {
  return { name: `map[string]${element.name}`, kind: "map", element };
}

/** An integer of a type, wrapped to its width as Go's arithmetic and conversions do. */
export function integer(value: bigint | number, type: GoType = types.int): GoInteger {
  return { tag: "integer", type, value: wrap(BigInt(value), type.kind) };
}

function wrap(value: bigint, kind: Kind): bigint {
  if (kind === "uint8") return BigInt.asUintN(8, value);
  if (kind === "int32") return BigInt.asIntN(32, value);
  if (kind === "uint32") return BigInt.asUintN(32, value);
  return kind === "uint64" ? BigInt.asUintN(64, value) : BigInt.asIntN(64, value);
}

/** A slice that holds `items` themselves, not a copy. */
export function slice(items: Value[], type: GoType = types.anySlice): GoSlice {
  return { tag: "slice", type, items, isNil: false };
}

/** A map that holds `entries` themselves, not a copy. */
export function map(entries: Map<string, Value>, type: GoType = types.anyMap): GoMap {
  return { tag: "map", type, entries, isNil: false };
}

/** Go's zero value of a type: what a missing key gives `index`, for one. */
export function zeroOf(type: GoType): Value {
  switch (type.kind) {
    case "bool":
      return false;
    case "string":
      return "";
    case "float64":
      return 0;
    case "slice":
      return { tag: "slice", type, items: [], isNil: true };
    case "map":
      return { tag: "map", type, entries: new Map(), isNil: true };
    case "interface":
    case "struct":
    case "ptr":
      return NIL;
    default:
      return integer(0n, type);
  }
}

/** The type of a value; null for Absent and Nil, which have none. */
export function typeOf(value: Value): GoType | null {
  switch (typeof value) {
    case "string":
      return types.string;
    case "boolean":
      return types.bool;
    case "number":
      return types.float64;
    default:
      return "type" in value ? value.type : null;
  }
}

/** The values of a map with their keys, in the order in which Go prints and ranges: by the keys' bytes. */
export function sortedEntries(from: GoMap): [string, Value][] {
  return [...from.entries].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
