import { type FunctionTable, goFunction } from "../function-table.ts";
import { print } from "../printf.ts";
import { integer, types } from "../value.ts";
import { toFloat64, toInt, toInt64 } from "./cast.ts";
import { parseInteger } from "./parse-number.ts";
import { stringOf } from "./string-value.ts";
import { tableOf } from "./table.ts";

const { any, int64, string } = types;

/** Sprig's functions that make a string or a number of a value. What is no number becomes 0. */
export const conversionFunctions: FunctionTable = tableOf({
  toString: goFunction([any], ([value], context) => stringOf(value, context)),
  atoi: goFunction([string], ([text]) => integer(parseInteger(text, 10).value)),
  int: goFunction([any], ([value]) => toInt(value)),
  int64: goFunction([any], ([value]) => integer(toInt64(value), int64)),
  float64: goFunction([any], ([value]) => toFloat64(value)),
  /** Reads an octal number, such as a file mode. */
  toDecimal: goFunction([any], ([value], context) => {
    const { value: read, fails } = parseInteger(print([value], context), 8);
    return integer(fails ? 0n : read, int64);
  }),
});
