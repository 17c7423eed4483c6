import {
  type FunctionTable,
  goFunction,
  TemplateFunctionError,
  variadicFunction,
} from "../function-table.ts";
import { type GoInteger, integer, types, type Value } from "../value.ts";
import { toFloat64, toInt64 } from "./cast.ts";
import { add, type Decimal, decimalOf, divide, multiply, nearestNumber, subtract } from "./decimal.ts";
import { tableOf } from "./table.ts";

const { any, float64, int } = types;

const greatest = variadicFunction([any], any, (values) => int64(extreme(values, (a, b) => a > b)));

/** Integers (of 64 bits, which wrap), floats by way of decimals, and rounding. */
export const mathFunctions: FunctionTable = tableOf({
  add: variadicFunction([], any, (terms) => int64(terms.reduce((sum, term) => sum + toInt64(term), 0n))),
  add1: goFunction([any], ([value]) => int64(toInt64(value) + 1n)),
  sub: goFunction([any, any], ([a, b]) => int64(toInt64(a) - toInt64(b))),
  mul: variadicFunction([any], any, (factors) => int64(product(factors))),
  div: goFunction([any, any], ([a, b]) => int64(toInt64(a) / divisor(b))),
  mod: goFunction([any, any], ([a, b]) => int64(toInt64(a) % divisor(b))),
  max: greatest,
  biggest: greatest,
  min: variadicFunction([any], any, (values) => int64(extreme(values, (a, b) => a < b))),
  addf: variadicFunction([], any, (terms) => chained([0, ...terms], add)),
  add1f: goFunction([any], ([value]) => chained([value, 1], add)),
  subf: variadicFunction([any], any, (values) => chained(values, subtract)),
  mulf: variadicFunction([any], any, (values, context) => {
    // The digits of a product are those of all its factors.
    context.spend(values.length ** 2 / 100);
    return chained(values, multiply);
  }),
  divf: variadicFunction([any], any, (values, context) => {
    // Each divisor may add some three hundred digits before the point.
    context.spend(values.length ** 2 / 5);
    return chained(values, quotient);
  }),
  maxf: variadicFunction([any], any, (values) =>
    values.map(toFloat64).reduce((a, b) => furthest(a, b, Math.max)),
  ),
  minf: variadicFunction([any], any, (values) =>
    values.map(toFloat64).reduce((a, b) => furthest(a, b, Math.min)),
  ),
  floor: goFunction([any], ([value]) => Math.floor(toFloat64(value))),
  ceil: goFunction([any], ([value]) => Math.ceil(toFloat64(value))),
  round: variadicFunction([any, int], float64, ([value, places, from = 0.5]) =>
    rounded(toFloat64(value), places, from),
  ),
});

function int64(value: bigint): GoInteger {
  return integer(value, types.int64);
}

function product(factors: readonly Value[]): bigint {
  // Wrapped at each step, or the digits would grow without end.
  return factors.reduce((all, factor) => BigInt.asIntN(64, all * toInt64(factor)), 1n);
}

function divisor(value: Value): bigint {
  const by = toInt64(value);
  if (by === 0n) throw new TemplateFunctionError("division by zero");
  return by;
}

function extreme(values: readonly Value[], better: (a: bigint, b: bigint) => boolean): bigint {
  return values.map(toInt64).reduce((best, next) => (better(next, best) ? next : best));
}

/** Go's Max and Min let an infinity win over what is no number. */
function furthest(a: number, b: number, choose: (a: number, b: number) => number): number {
  const end = choose(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY);
  return a === end || b === end ? end : choose(a, b);
}

function chained(values: readonly Value[], operation: (a: Decimal, b: Decimal) => Decimal): number {
  return nearestNumber(values.map(decimal).reduce(operation));
}

function decimal(value: Value): Decimal {
  const read = decimalOf(toFloat64(value));
  if (read === null) throw new TemplateFunctionError("an argument is not a finite number");
  return read;
}

function quotient(a: Decimal, b: Decimal): Decimal {
  const result = divide(a, b);
  if (result === null) throw new TemplateFunctionError("division by zero");
  return result;
}

function rounded(value: number, places: GoInteger, from: number): number {
  const power = 10 ** Number(places.value);
  const digits = power * value;
  const up = digits - Math.trunc(digits) >= from;
  return (up ? Math.ceil(digits) : Math.floor(digits)) / power;
}
