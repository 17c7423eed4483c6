import { TemplateFunctionError } from "./function-table.ts";
import { type GoStruct, typeOf, type Value } from "./value.ts";

type BasicKind = "bool" | "int" | "uint" | "float" | "string";

/** Go templates' `eq`: whether the first value equals one of the others. */
export function equalsAny(first: Value, others: readonly Value[]): boolean {
  if (others.length === 0) throw new TemplateFunctionError("missing argument for comparison");
  return others.some((other) => areEqual(first, other));
}

/** Go templates' `lt`. */
export function isLess(a: Value, b: Value): boolean {
  const [left, right] = [basicKind(a), basicKind(b)];
  if (left === null || right === null) throw new TemplateFunctionError("invalid type for comparison");
  if (!comparable(left, right)) throw new TemplateFunctionError(incompatible(a, b));
  if (left === "bool") throw new TemplateFunctionError("invalid type for comparison");
  return scalarOf(a) < scalarOf(b);
}

/** Go templates' `le`: less or equal, which for NaN is neither. */
export function isLessOrEqual(a: Value, b: Value): boolean {
  return isLess(a, b) || areEqual(a, b);
}

function areEqual(a: Value, b: Value): boolean {
  const [left, right] = [basicKind(a), basicKind(b)];
  if (left !== null && right !== null) {
    if (!comparable(left, right)) throw new TemplateFunctionError(incompatible(a, b));
    return scalarOf(a) === scalarOf(b);
  }
  const [typeA, typeB] = [typeOf(a), typeOf(b)];
  if (left !== null || right !== null) {
    if (typeA !== null && typeB !== null) throw new TemplateFunctionError(incompatible(a, b));
    return false;
  }
  if (typeA === null || typeB === null) return isNil(a) === isNil(b);
  if (typeA.kind !== typeB.kind) throw new TemplateFunctionError("non-comparable types");
  if (isNil(a) || isNil(b)) return isNil(a) === isNil(b);
  if (typeof a !== "object" || typeof b !== "object" || a.tag !== "struct" || b.tag !== "struct")
    throw new TemplateFunctionError(`non-comparable type ${typeB.name}`);
  return typeA.name === typeB.name && sameStruct(a, b);
}

function sameStruct(a: GoStruct, b: GoStruct): boolean {
  if (a.type.equals !== undefined) return a.type.equals(a, b);
  if (a.type.kind === "ptr") return a === b;
  return [...a.fields].every(([name, field]) => areEqual(field, b.fields.get(name) ?? field));
}

function comparable(a: BasicKind, b: BasicKind): boolean {
  const integers = (a === "int" || a === "uint") && (b === "int" || b === "uint");
  return a === b || integers;
}

function scalarOf(value: Value): string | number | bigint | boolean {
  if (typeof value !== "object") return value;
  return value.tag === "integer" ? value.value : 0;
}

function basicKind(value: Value): BasicKind | null {
  switch (typeof value) {
    case "boolean":
      return "bool";
    case "string":
      return "string";
    case "number":
      return "float";
    default:
      if (value.tag !== "integer") return null;
      return value.type.kind.startsWith("uint") ? "uint" : "int";
  }
}

function isNil(value: Value): boolean {
  if (typeof value !== "object") return false;
  return value.tag === "absent" || value.tag === "nil" || ("isNil" in value && value.isNil);
}

function incompatible(a: Value, b: Value): string {
  return `incompatible types for comparison: ${typeOf(a)?.name} and ${typeOf(b)?.name}`;
}
