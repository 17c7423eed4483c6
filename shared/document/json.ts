import { exactNumber } from "../unquoted-scalar.ts";
import { DocumentSyntaxError } from "./syntax-error.ts";

/** A JSON value read from a text, and the offset of what follows it. */
export type JsonRead = { value: unknown; end: number };

const MAX_DEPTH = 100;
const SPACE = /[ \t\r\n]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 8259 section 7 excludes exactly these from strings
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORDS: readonly (readonly [string, boolean | null])[] = [
  ["true", true],
  ["false", false],
  ["null", null],
];

/**
 * Reads one JSON value (RFC 8259) that begins at an offset, without looking at what follows, so that several may
 * stand in a row. Unlike `JSON.parse` it refuses a key that appears twice, keeps numbers whose text would change
 * (UnquotedScalar), and never quotes its input.
 * @throws DocumentSyntaxError with the offset where reading stopped.
 */
export function readJson(text: string, start: number): JsonRead {
  return readValue(text, skipSpace(text, start), 0);
}

/** The offset of the next character that is not white space between JSON tokens. */
export function skipSpace(text: string, at: number): number {
  SPACE.lastIndex = at;
  SPACE.exec(text);
  return SPACE.lastIndex;
}

function readValue(text: string, at: number, depth: number): JsonRead {
  if (depth > MAX_DEPTH) throw new DocumentSyntaxError(`more than ${MAX_DEPTH} levels`, at);
  switch (text[at]) {
    case "{":
      return readObject(text, at, depth);
    case "[":
      return readArray(text, at, depth);
    case '"':
      return readJsonString(text, at);
    case undefined:
      throw new DocumentSyntaxError("the JSON text ends too early", at);
    default:
      return readWord(text, at);
  }
}

function readObject(text: string, start: number, depth: number): JsonRead {
  const value: Record<string, unknown> = {};
  let at = skipSpace(text, start + 1);
  if (text[at] === "}") return { value, end: at + 1 };
  for (;;) {
    if (text[at] !== '"') throw new DocumentSyntaxError("a key in double quotes is expected", at);
    const key = readJsonString(text, at);
    if (Object.hasOwn(value, key.value))
      throw new DocumentSyntaxError("this key appears twice in its object", at);
    at = skipSpace(text, key.end);
    if (text[at] !== ":") throw new DocumentSyntaxError("a colon is expected after the key", at);
    const member = readValue(text, skipSpace(text, at + 1), depth + 1);
    setOwn(value, key.value, member.value);
    at = skipSpace(text, member.end);
    if (text[at] === "}") return { value, end: at + 1 };
    if (text[at] !== ",") throw new DocumentSyntaxError("a comma or a closing brace is expected", at);
    at = skipSpace(text, at + 1);
  }
}

/** Sets a field of a map that came from outside; plain assignment would let `__proto__` reach the prototype. */
export function setOwn(map: object, key: string, value: unknown): void {
  if (key === "__proto__") {
    Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    (map as Record<string, unknown>)[key] = value;
  }
}

function readArray(text: string, start: number, depth: number): JsonRead {
  const value: unknown[] = [];
  let at = skipSpace(text, start + 1);
  if (text[at] === "]") return { value, end: at + 1 };
  for (;;) {
    const item = readValue(text, at, depth + 1);
    value.push(item.value);
    at = skipSpace(text, item.end);
    if (text[at] === "]") return { value, end: at + 1 };
    if (text[at] !== ",") throw new DocumentSyntaxError("a comma or a closing bracket is expected", at);
    at = skipSpace(text, at + 1);
  }
}

/**
 * Reads one JSON string that begins at an offset, where a double quote stands.
 * @throws DocumentSyntaxError with the offset where it begins.
 */
export function readJsonString(text: string, start: number): { value: string; end: number } {
  STRING.lastIndex = start;
  const token = STRING.exec(text)?.[0];
  if (token === undefined) {
    throw new DocumentSyntaxError(
      "a string is not closed, or holds a line break or an unknown escape",
      start,
    );
  }
  // A whole, valid token cannot fail here, so that no message can quote it.
  const value: string = token.includes("\\") ? JSON.parse(token) : token.slice(1, -1);
  return { value, end: start + token.length };
}

function readWord(text: string, at: number): JsonRead {
  NUMBER.lastIndex = at;
  const number = NUMBER.exec(text)?.[0];
  if (number !== undefined) return { value: exactNumber(Number(number), number), end: at + number.length };
  for (const [word, value] of WORDS) {
    if (text.startsWith(word, at)) return { value, end: at + word.length };
  }
  throw new DocumentSyntaxError("this is not a JSON value", at);
}
