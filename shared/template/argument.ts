import type { NumberNode, Operand } from "./nodes.ts";
import { ABSENT, type GoType, integer, NIL, typeOf, types, type Value, zeroOf } from "./value.ts";

/** Why a value or literal cannot be an argument, in our words. */
export class ArgumentMismatch extends Error {}

/**
 * Fits a value to a parameter as Go's templates do: nothing becomes the nil of a type that has one, all else must
 * have the very type.
 * @param type null where any value will do and nothing stays nothing.
 * @throws ArgumentMismatch
 */
export function fitValue(value: Value, type: GoType | null): Value {
  if (type === null || type.name === types.reflected.name) return value;
  const own = typeOf(value);
  if (own === null) {
    if (type.kind === "interface") return NIL;
    if (value === NIL || !hasNil(type)) throw new ArgumentMismatch(`invalid value; expected ${type.name}`);
    return zeroOf(type);
  }
  if (type.kind !== "interface" && own.name !== type.name)
    throw new ArgumentMismatch(`wrong type for value; expected ${type.name}; got ${own.name}`);
  return value;
}

/** The nil of a type, for a literal `nil`. */
export function fitNil(type: GoType | null): Value {
  if (type === null || type.name === types.reflected.name) return ABSENT;
  if (!hasNil(type)) throw new ArgumentMismatch(`cannot assign nil to ${type.name}`);
  return zeroOf(type);
}

function hasNil({ kind }: GoType): boolean {
  return kind === "interface" || kind === "map" || kind === "slice" || kind === "ptr";
}

/** A literal as an argument: the parameter's type decides what a number becomes. */
export function fitLiteral(
  literal: Operand & { kind: "bool" | "string" | "number" },
  type: GoType | null,
): Value {
  if (type === null || type.kind === "interface" || type.name === types.reflected.name)
    return literal.kind === "number" ? idealConstant(literal) : literal.value;
  switch (type.kind) {
    case "bool":
      return literal.kind === "bool" ? literal.value : mismatch("bool");
    case "string":
      return literal.kind === "string" ? literal.value : mismatch("string");
    case "float64":
      return (literal.kind === "number" ? literal.float : null) ?? mismatch("float");
    case "int":
    case "int32":
    case "int64":
      return integer((literal.kind === "number" ? literal.integer : null) ?? mismatch("integer"), type);
    case "uint8":
    case "uint32":
    case "uint64":
      return integer(
        (literal.kind === "number" ? literal.unsigned : null) ?? mismatch("unsigned integer"),
        type,
      );
    default:
      throw new ArgumentMismatch(`a literal cannot be an argument of type ${type.name}`);
  }
}

/** A number where no type is asked for: an int, or a float64 if it is written like one. */
export function idealConstant(number: NumberNode): Value {
  if (number.looksFloat && number.float !== null) return number.float;
  if (number.integer !== null) return integer(number.integer);
  throw new ArgumentMismatch("a number overflows int");
}

function mismatch(expected: string): never {
  throw new ArgumentMismatch(`expected ${expected}; found another literal`);
}
