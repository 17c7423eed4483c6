import { equalsAny, isLess, isLessOrEqual } from "./compare.ts";
import { elementOf, lengthOf, partOf } from "./element.ts";
import { escapeHtml, escapeQuery, escapeScript } from "./escape.ts";
import {
  type CallContext,
  type FunctionTable,
  goFunction,
  TemplateFunctionError,
  variadicFunction,
} from "./function-table.ts";
import { readCharacters } from "./functions/accounting.ts";
import { print, printf, println } from "./printf.ts";
import { isTrue } from "./truth.ts";
import { typeOf, types, type Value } from "./value.ts";

const { reflected, any, string } = types;

/**
 * The functions that Go's text/template brings itself. `and` and `or` are here for their names and parameters; the
 * evaluator stops at the first argument that decides.
 */
export const builtins: FunctionTable = new Map([
  [
    "and",
    variadicFunction(
      [reflected],
      reflected,
      (values) => values.find((value) => !isTrue(value)) ?? last(values),
    ),
  ],
  ["or", variadicFunction([reflected], reflected, (values) => values.find(isTrue) ?? last(values))],
  ["not", goFunction([reflected], ([value]) => !isTrue(value))],
  ["eq", variadicFunction([reflected], reflected, ([first, ...others]) => equalsAny(first, others))],
  ["ne", goFunction([reflected, reflected], ([a, b]) => !equalsAny(a, [b]))],
  ["lt", goFunction([reflected, reflected], ([a, b]) => isLess(a, b))],
  ["le", goFunction([reflected, reflected], ([a, b]) => isLessOrEqual(a, b))],
  ["gt", goFunction([reflected, reflected], ([a, b]) => !isLessOrEqual(a, b))],
  ["ge", goFunction([reflected, reflected], ([a, b]) => !isLess(a, b))],
  ["len", goFunction([reflected], ([value]) => lengthOf(value))],
  ["index", variadicFunction([reflected], reflected, ([value, ...indexes]) => elementOf(value, indexes))],
  ["slice", variadicFunction([reflected], reflected, ([value, ...indexes]) => partOf(value, indexes))],
  ["print", variadicFunction([], any, (values, context) => print(values, context))],
  [
    "printf",
    variadicFunction([string], any, ([format, ...values], context) => printf(format, values, context)),
  ],
  ["println", variadicFunction([], any, (values, context) => println(values, context))],
  ["html", variadicFunction([], any, (values, context) => escapeHtml(textToEscape(values, context)))],
  ["js", variadicFunction([], any, (values, context) => escapeScript(textToEscape(values, context)))],
  ["urlquery", variadicFunction([], any, (values, context) => escapeQuery(textToEscape(values, context)))],
  // No value of ours is a function.
  ["call", variadicFunction([reflected], reflected, ([value]) => notAFunction(value))],
]);

function last(values: readonly Value[]): Value {
  return values.at(-1) ?? false;
}

function textToEscape(values: readonly Value[], context: CallContext): string {
  const text = asText(values, context);
  readCharacters(context, text.length);
  return text;
}

/** What an escaping function escapes: its arguments printed together, nothing as Go's templates print it. */
function asText(values: readonly Value[], context: CallContext): string {
  const [only] = values;
  if (values.length === 1 && typeof only === "string") return only;
  return print(
    values.map((value) => (typeOf(value) === null ? "<no value>" : value)),
    context,
  );
}

function notAFunction(value: Value): never {
  const type = typeOf(value);
  throw new TemplateFunctionError(type === null ? "call of nil" : `non-function of type ${type.name}`);
}
