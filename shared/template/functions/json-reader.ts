import { encodeRune, REPLACEMENT, runesOf } from "../byte-string.ts";
import { type CallContext, TemplateFunctionError } from "../function-table.ts";
import { map, NIL, slice, type Value } from "../value.ts";
import { readCharacters } from "./accounting.ts";

/** A JSON value; `tooLarge` when a number lay beyond a float64: Go leaves null in its place and gives an error. */
export type JsonRead = { value: Value; tooLarge: boolean };

/** A text is not JSON. The message tells no place: it would depend on the value, byte by byte. */
export class JsonSyntaxError extends TemplateFunctionError {}

// Go reads 10000 levels; our stack would not.
const DEEPEST = 1000;
const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
/** What may stand behind a backslash in a string (RFC 8259 section 7). */
const ESCAPED = '"\\/bfnrtu';
const UNIT = /^[0-9a-fA-F]{4}$/;
const [QUOTE, BACKSLASH, SPACE_CODE] = [0x22, 0x5c, 0x20];
const LETTERS: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
const WORDS: readonly (readonly [string, Value])[] = [
  ["true", true],
  ["false", false],
  ["null", NIL],
];

/**
 * Reads a text as Go's encoding/json does into an `interface{}`: numbers are float64, the last of two equal keys
 * counts, bytes that are not valid UTF-8 become U+FFFD.
 * @param text a byte string
 * @throws JsonSyntaxError, or TemplateFunctionError for more levels than we read
 */
export function readJson(text: string, context: CallContext): JsonRead {
  readCharacters(context, text.length);
  const reader = new JsonReader(text, context);
  const value = reader.readWhole();
  return { value, tooLarge: reader.tooLarge };
}

class JsonReader {
  tooLarge = false;
  readonly #text: string;
  readonly #context: CallContext;
  #at = 0;

  constructor(text: string, context: CallContext) {
    this.#text = text;
    this.#context = context;
  }

  readWhole(): Value {
    const value = this.#readValue(0);
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#syntaxError();
    return value;
  }

  #readValue(depth: number): Value {
    if (depth > DEEPEST) throw new TemplateFunctionError(`the JSON text has more than ${DEEPEST} levels`);
    this.#context.spend(1);
    this.#skipSpace();
    switch (this.#text[this.#at]) {
      case "{":
        return this.#readObject(depth);
      case "[":
        return this.#readArray(depth);
      case '"':
        return this.#readString();
      default:
        return this.#readWord();
    }
  }

  #readObject(depth: number): Value {
    const entries = new Map<string, Value>();
    this.#at++;
    if (this.#skips("}")) return map(entries);
    do {
      this.#skipSpace();
      const key = this.#readString();
      if (!this.#skips(":")) throw this.#syntaxError();
      entries.set(key, this.#readValue(depth + 1));
    } while (this.#skips(","));
    if (!this.#skips("}")) throw this.#syntaxError();
    return map(entries);
  }

  #readArray(depth: number): Value {
    const items: Value[] = [];
    this.#at++;
    if (this.#skips("]")) return slice(items);
    do items.push(this.#readValue(depth + 1));
    while (this.#skips(","));
    if (!this.#skips("]")) throw this.#syntaxError();
    return slice(items);
  }

  #readString(): string {
    const from = this.#at + 1;
    const end = this.#text[this.#at] === '"' ? this.#stringEnd(from) : null;
    if (end === null) throw this.#syntaxError();
    this.#at = end + 1;
    this.#context.grow(end - from);
    return unescaped(this.#text.slice(from, end));
  }

  /** Where the closing quote stands; null without one, or for what no string may hold. */
  #stringEnd(from: number): number | null {
    for (let at = from; at < this.#text.length; at++) {
      const code = this.#text.charCodeAt(at);
      if (code === QUOTE) return at;
      if (code < SPACE_CODE) return null;
      if (code !== BACKSLASH) continue;
      const letter = this.#text.charAt(++at);
      if (letter === "" || !ESCAPED.includes(letter)) return null;
      if (letter === "u" && !UNIT.test(this.#text.slice(at + 1, at + 5))) return null;
    }
    return null;
  }

  #readWord(): Value {
    const number = this.#match(NUMBER);
    if (number !== "") return this.#inRange(Number(number));
    for (const [word, value] of WORDS) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    throw this.#syntaxError();
  }

  #inRange(value: number): Value {
    if (Number.isFinite(value)) return value;
    this.tooLarge = true;
    return NIL;
  }

  #skips(character: string): boolean {
    this.#skipSpace();
    const stands = this.#text[this.#at] === character;
    if (stands) this.#at++;
    return stands;
  }

  #skipSpace(): void {
    this.#match(SPACE);
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  #syntaxError(): JsonSyntaxError {
    return new JsonSyntaxError("the text is not JSON");
  }
}

function unescaped(content: string): string {
  const valid = withoutDamage(content);
  let out = "";
  let at = 0;
  for (let next = valid.indexOf("\\"); next >= 0; next = valid.indexOf("\\", at)) {
    out += valid.slice(at, next);
    const letter = valid.charAt(next + 1);
    at = next + 2;
    if (letter === "u") {
      const { point, end } = escapedPoint(valid, at);
      out += encodeRune(point);
      at = end;
    } else out += LETTERS[letter] ?? letter;
  }
  return out + valid.slice(at);
}

/** The code point whose digits begin here, of two escapes where they are a pair of surrogates. */
function escapedPoint(text: string, at: number): { point: number; end: number } {
  const unit = Number.parseInt(text.slice(at, at + 4), 16);
  const low = text.startsWith("\\u", at + 4) ? Number.parseInt(text.slice(at + 6, at + 10), 16) : 0;
  const isPair = unit >= 0xd800 && unit < 0xdc00 && low >= 0xdc00 && low < 0xe000;
  if (!isPair) return { point: unit, end: at + 4 };
  return { point: 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff), end: at + 10 };
}

function withoutDamage(content: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what it asks for
  if (/^[\x00-\x7f]*$/.test(content)) return content;
  let out = "";
  for (const { point, at, width } of runesOf(content)) {
    out += point === REPLACEMENT ? encodeRune(REPLACEMENT) : content.slice(at, at + width);
  }
  return out;
}
