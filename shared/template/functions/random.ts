import { toBase64 } from "../../bytes.ts";
import {
  type CallContext,
  type FunctionTable,
  goFunction,
  type TemplateFunction,
  TemplateFunctionError,
} from "../function-table.ts";
import { type GoInteger, integer, types } from "../value.ts";
import { writeBytes } from "./accounting.ts";
import { tableOf } from "./table.ts";

const { int } = types;
const DIGITS = "0123456789";
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const PRINTABLE = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).join("");

/** Random text, bytes (as base64) and numbers. */
export const randomFunctions: FunctionTable = tableOf({
  randAlpha: textOf(LETTERS),
  randAlphaNum: textOf(LETTERS + DIGITS),
  randAscii: textOf(PRINTABLE),
  randNumeric: textOf(DIGITS),
  randBytes: goFunction(
    [int],
    ([count], context) => {
      if (count.value < 0n) throw new TemplateFunctionError("the count is negative");
      writeBytes(context, 2 * Number(count.value));
      return toBase64(context.randomBytes(Number(count.value)));
    },
    "random",
  ),
  randInt: goFunction([int, int], ([from, to], context) => integerBetween(from, to, context), "random"),
  uuidv4: goFunction([], (_, context) => uuid(context), "random"),
});

/** So many characters; none for a count below zero. */
function textOf(characters: string): TemplateFunction {
  const fairBytes = 256 - (256 % characters.length);
  return goFunction(
    [int],
    ([count], context) => {
      const wanted = count.value > 0n ? Number(count.value) : 0;
      writeBytes(context, 4 * wanted);
      const text: string[] = [];
      while (text.length < wanted) {
        for (const byte of context.randomBytes(2 * (wanted - text.length))) {
          // The bytes beyond would favour the first characters.
          if (byte < fairBytes && text.length < wanted)
            text.push(characters.charAt(byte % characters.length));
        }
      }
      return text.join("");
    },
    "random",
  );
}

/** At least `from`, less than `to`. */
function integerBetween(from: GoInteger, to: GoInteger, context: CallContext): GoInteger {
  const range = BigInt.asIntN(64, to.value - from.value);
  if (range <= 0n) throw new TemplateFunctionError("there is no number between its arguments");
  const fair = 2n ** 64n - (2n ** 64n % range);
  for (;;) {
    const bytes = context.randomBytes(8);
    const number = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0);
    if (number < fair) return integer(from.value + (number % range));
  }
}

/** RFC 9562 version 4. */
function uuid(context: CallContext): string {
  const bytes = context.randomBytes(16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
