import {
  type CallContext,
  type FunctionTable,
  goFunction,
  TemplateFunctionError,
  variadicFunction,
} from "../function-table.ts";
import { printf } from "../printf.ts";
import { quoteString } from "../quote.ts";
import { type GoInteger, types, type Value } from "../value.ts";
import { readBytes, readCharacters, writeBytes } from "./accounting.ts";
import { abbreviate, charactersOf, substring, trimSet, trimSpace, wrap } from "./cut-text.ts";
import { isNil, stringOf } from "./string-value.ts";
import { tableOf } from "./table.ts";

const { any, int, string } = types;

/** A function of one string that gives no longer one. */
const shortening = (change: (text: string) => string) =>
  goFunction([string], ([text], context) => {
    readBytes(context, text.length);
    return change(text);
  });
/** The same with a parameter before the string. */
const comparing = (judge: (parameter: string, text: string) => Value) =>
  goFunction([string, string], ([parameter, text], context) => {
    readBytes(context, parameter.length + text.length);
    return judge(parameter, text);
  });
const trimAll = comparing((set, text) => trimSet(text, set));

/** Sprig's functions on strings: cutting, comparing, repeating, quoting. Lengths and offsets count bytes, as Go's. */
export const stringFunctions: FunctionTable = tableOf({
  abbrev: goFunction([int, string], ([width, text]) => {
    const most = numberOf(width);
    return most < 4 ? text : abbreviate(text, 0, most);
  }),
  abbrevboth: goFunction([int, int, string], ([left, right, text]) => {
    const [offset, width] = [numberOf(left), numberOf(right)];
    return width < 4 || (offset > 0 && width < 7) ? text : abbreviate(text, offset, width);
  }),
  trunc: goFunction([int, string], ([count, text]) => {
    const bytes = numberOf(count);
    return bytes < 0 ? text.slice(bytes) : text.slice(0, bytes);
  }),
  substr: goFunction([int, int, string], ([start, end, text]) =>
    substring(numberOf(start), numberOf(end), text),
  ),
  trim: shortening(trimSpace),
  trimall: trimAll,
  trimAll,
  trimPrefix: comparing((prefix, text) => (text.startsWith(prefix) ? text.slice(prefix.length) : text)),
  trimSuffix: comparing((suffix, text) =>
    text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text,
  ),
  contains: comparing((part, text) => text.includes(part)),
  hasPrefix: comparing((prefix, text) => text.startsWith(prefix)),
  hasSuffix: comparing((suffix, text) => text.endsWith(suffix)),
  wrap: goFunction([int, string], ([width, text], context) =>
    wrap(text, numberOf(width), { lineEnd: "\n", cutsWords: false }, context),
  ),
  wrapWith: goFunction([int, string, string], ([width, lineEnd, text], context) =>
    wrap(text, numberOf(width), { lineEnd, cutsWords: true }, context),
  ),
  repeat: goFunction([int, string], ([count, text], context) => repeated(count, text, context)),
  indent: goFunction([int, string], ([spaces, text], context) => indented(spaces, text, context)),
  nindent: goFunction([int, string], ([spaces, text], context) => `\n${indented(spaces, text, context)}`),
  replace: goFunction([string, string, string], ([old, by, text], context) =>
    replaced(text, old, by, context),
  ),
  plural: goFunction([string, string, int], ([one, many, count]) => (count.value === 1n ? one : many)),
  quote: variadicFunction([], any, (values, context) =>
    present(values)
      .map((value) => quoted(stringOf(value, context), context))
      .join(" "),
  ),
  squote: variadicFunction([], any, (values, context) =>
    present(values)
      .map((value) => printf("'%v'", [value], context))
      .join(" "),
  ),
  cat: variadicFunction([], any, (values, context) => {
    const shown = present(values);
    return printf(shown.map(() => "%v").join(" "), shown, context);
  }),
});

/** An int as a number: what lies beyond the exact ones is beyond every length, too. */
function numberOf({ value }: GoInteger): number {
  return Number(value);
}

function present(values: readonly Value[]): Value[] {
  return values.filter((value) => !isNil(value));
}

function quoted(text: string, context: CallContext): string {
  readCharacters(context, text.length);
  writeBytes(context, text.length);
  const literal = quoteString(text);
  context.grow(literal.length - text.length);
  return literal;
}

function repeated(count: GoInteger, text: string, context: CallContext): string {
  if (count.value < 0n) throw new TemplateFunctionError("the count is below zero");
  const times = text === "" ? 0 : numberOf(count);
  writeBytes(context, times * text.length);
  return text.repeat(times);
}

function indented(spaces: GoInteger, text: string, context: CallContext): string {
  const pad = repeated(spaces, " ", context);
  return pad + replaced(text, "\n", `\n${pad}`, context);
}

/** Go's strings.ReplaceAll: where nothing is to be replaced, it stands between all characters and at both ends. */
function replaced(text: string, old: string, by: string, context: CallContext): string {
  readBytes(context, text.length + old.length);
  if (old === "") readCharacters(context, text.length);
  const parts = old === "" ? ["", ...charactersOf(text), ""] : text.split(old);
  writeBytes(context, text.length + (parts.length - 1) * Math.max(by.length - old.length, 0));
  return parts.join(by);
}
