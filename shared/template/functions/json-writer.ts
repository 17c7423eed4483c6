import { toBase64 } from "../../bytes.ts";
import { fromByteString, REPLACEMENT, runesOf } from "../byte-string.ts";
import { type CallContext, TemplateFunctionError } from "../function-table.ts";
import { type GoMap, type GoSlice, type GoStruct, sortedEntries, type Value } from "../value.ts";
import { readCharacters } from "./accounting.ts";
import { bytesText } from "./string-value.ts";

// Go's stack would take far more, ours not.
const DEEPEST = 1000;
const SHORT_ESCAPES: ReadonlyMap<number, string> = new Map([
  [0x08, "\\b"],
  [0x09, "\\t"],
  [0x0a, "\\n"],
  [0x0c, "\\f"],
  [0x0d, "\\r"],
  [0x22, '\\"'],
  [0x5c, "\\\\"],
]);
/** Go's encoding/json escapes these so that a text can stand in HTML and in JavaScript. */
const HTML = new Set([0x26, 0x3c, 0x3e]);
const PLAIN = /^[ !#-[\]-\x7f]*$/;
const PLAIN_IN_HTML = /^[ !#-%'-;=?-[\]-\x7f]*$/;

/** How JSON is laid out: with `<`, `>` and `&` escaped, and with line breaks. */
export type JsonStyle = { escapesHtml: boolean; indent: string };

/** A value has no form in JSON: NaN, an infinity, or a value that holds itself. */
export class JsonValueError extends TemplateFunctionError {}

/**
 * Writes a value as Go's encoding/json does: keys in order, bytes that are not valid UTF-8 as `\ufffd`, nil lists and
 * maps as null. A byte string.
 * @throws JsonValueError
 */
export function writeJson(value: Value, style: JsonStyle, context: CallContext): string {
  return new JsonWriter(style, context).write(value, 0);
}

class JsonWriter {
  readonly #style: JsonStyle;
  readonly #context: CallContext;
  readonly #above = new Set<Value>();

  constructor(style: JsonStyle, context: CallContext) {
    this.#style = style;
    this.#context = context;
  }

  write(value: Value, depth: number): string {
    this.#context.spend(1);
    switch (typeof value) {
      case "string":
        return this.#account(this.#string(value));
      case "number":
        return this.#account(jsonNumber(value));
      case "boolean":
        return this.#account(String(value));
      default:
        if (value.tag === "absent" || value.tag === "nil") return this.#account("null");
        return this.#writeTyped(value, depth);
    }
  }

  #writeTyped(value: Exclude<Value, string | number | boolean>, depth: number): string {
    if ("type" in value && value.type.json !== undefined) return this.write(value.type.json(value), depth);
    if (value.tag === "integer") return this.#account(String(value.value));
    if (this.#above.has(value)) throw new JsonValueError("a value that holds itself has no form in JSON");
    if (depth > DEEPEST) throw new TemplateFunctionError("the value is nested too deeply");
    this.#above.add(value);
    const text = this.#writeParts(value, depth);
    this.#above.delete(value);
    return text;
  }

  #writeParts(value: Value, depth: number): string {
    if (typeof value !== "object" || value.tag === "integer") return "";
    if (value.tag === "slice") return this.#writeSlice(value, depth);
    if (value.tag === "map") return this.#writeMap(value, depth);
    return value.tag === "struct" ? this.#writeFields(exportedFields(value), depth) : "";
  }

  #writeSlice(value: GoSlice, depth: number): string {
    if (value.isNil) return this.#account("null");
    if (value.type.element?.kind === "uint8")
      return this.#account(`"${toBase64(fromByteString(bytesText(value)))}"`);
    const items = value.items.map((item) => this.write(item, depth + 1));
    return this.#enclose("[", items, "]", depth);
  }

  #writeMap(value: GoMap, depth: number): string {
    return value.isNil ? this.#account("null") : this.#writeFields(sortedEntries(value), depth);
  }

  #writeFields(fields: readonly [string, Value][], depth: number): string {
    const colon = this.#style.indent === "" ? ":" : ": ";
    const parts = fields.map(([key, item]) => {
      const name = this.#account(this.#string(key));
      return name + colon + this.write(item, depth + 1);
    });
    return this.#enclose("{", parts, "}", depth);
  }

  #enclose(open: string, parts: readonly string[], close: string, depth: number): string {
    const { indent } = this.#style;
    const lineBreak = indent === "" || parts.length === 0 ? "" : `\n${indent.repeat(depth)}`;
    const inner = lineBreak === "" ? "" : lineBreak + indent;
    this.#context.grow(2 + parts.length * (1 + inner.length) + lineBreak.length);
    return open + inner + parts.join(`,${inner}`) + lineBreak + close;
  }

  #string(text: string): string {
    readCharacters(this.#context, text.length);
    return jsonString(text, this.#style.escapesHtml);
  }

  #account(text: string): string {
    this.#context.grow(text.length);
    return text;
  }
}

function exportedFields({ fields }: GoStruct): [string, Value][] {
  return [...fields].filter(([name]) => /^[A-Z]/.test(name));
}

/** JavaScript's shortest form is Go's, but for the sign of zero. */
function jsonNumber(value: number): string {
  if (!Number.isFinite(value)) throw new JsonValueError("a number that is not finite has no form in JSON");
  return Object.is(value, -0) ? "-0" : String(value);
}

function jsonString(text: string, escapesHtml: boolean): string {
  if ((escapesHtml ? PLAIN_IN_HTML : PLAIN).test(text)) return `"${text}"`;
  let out = '"';
  for (const { point, at, width } of runesOf(text)) {
    const short = SHORT_ESCAPES.get(point);
    const damaged = point === REPLACEMENT && width === 1;
    const numbered =
      point < 0x20 || damaged || point === 0x2028 || point === 0x2029 || (escapesHtml && HTML.has(point));
    if (short !== undefined) out += short;
    else if (numbered) out += `\\u${point.toString(16).padStart(4, "0")}`;
    else out += text.slice(at, at + width);
  }
  return `${out}"`;
}
