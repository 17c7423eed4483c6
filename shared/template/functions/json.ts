import {
  type CallContext,
  type FunctionTable,
  goFunction,
  TemplateFunctionError,
} from "../function-table.ts";
import { NIL, types, type Value } from "../value.ts";
import { JsonSyntaxError, readJson } from "./json-reader.ts";
import { type JsonStyle, JsonValueError, writeJson } from "./json-writer.ts";
import { tableOf } from "./table.ts";

const { any, string } = types;

const COMPACT: JsonStyle = { escapesHtml: true, indent: "" };
const PRETTY: JsonStyle = { escapesHtml: true, indent: "  " };
const RAW: JsonStyle = { escapesHtml: false, indent: "" };

const writing = (style: JsonStyle) =>
  goFunction([any], ([value], context) => writeJson(value, style, context));
/** Without `must`, sprig gives an empty text for what has no form in JSON. */
const writingIfPossible = (style: JsonStyle) =>
  goFunction([any], ([value], context) => {
    try {
      return writeJson(value, style, context);
    } catch (error) {
      if (error instanceof JsonValueError) return "";
      throw error;
    }
  });

/** Sprig's functions on JSON. */
export const jsonFunctions: FunctionTable = tableOf({
  toJson: writingIfPossible(COMPACT),
  mustToJson: writing(COMPACT),
  toPrettyJson: writingIfPossible(PRETTY),
  mustToPrettyJson: writing(PRETTY),
  toRawJson: writing(RAW),
  mustToRawJson: writing(RAW),
  fromJson: goFunction([string], ([text], context) => readLeniently(text, context)),
  mustFromJson: goFunction([string], ([text], context) => {
    const { value, tooLarge } = readJson(text, context);
    if (tooLarge) throw new TemplateFunctionError("the JSON text has a number beyond the range of float64");
    return value;
  }),
});

/** Without `must`, what is not JSON is nil. */
function readLeniently(text: string, context: CallContext): Value {
  try {
    return readJson(text, context).value;
  } catch (error) {
    if (error instanceof JsonSyntaxError) return NIL;
    throw error;
  }
}
