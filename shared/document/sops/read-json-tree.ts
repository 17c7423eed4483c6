import { utf8 } from "../../bytes.ts";
import { readJsonString, skipSpace } from "../json.ts";
import { DocumentSyntaxError } from "../syntax-error.ts";
import type { SopsEntry, SopsMap, SopsNode } from "./tree.ts";

type NodeRead = { node: SopsNode; end: number };

const MAX_DEPTH = 100;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?/y;
const WORDS: readonly (readonly [string, SopsNode])[] = [
  ["true", { kind: "bool", value: true }],
  ["false", { kind: "bool", value: false }],
  ["null", { kind: "null" }],
];

/**
 * Reads a JSON object (RFC 8259) with its entries in their order. A number is an int if it is a signed 64-bit decimal
 * integer, else a float, as in stock sops since 3.13.2.
 * @throws DocumentSyntaxError for all else, text behind the object included.
 */
export function readJsonTree(text: string): SopsMap {
  const start = skipSpace(text, 0);
  if (start === text.length) throw new DocumentSyntaxError("the text is empty", start);
  if (text[start] !== "{") throw new DocumentSyntaxError("the document must be an object", start);
  const { node, end } = readObject(text, start, 0);
  const rest = skipSpace(text, end);
  if (rest < text.length) throw new DocumentSyntaxError("text is left over after the JSON object", rest);
  return node;
}

function readNode(text: string, at: number, depth: number): NodeRead {
  if (depth > MAX_DEPTH) throw new DocumentSyntaxError(`more than ${MAX_DEPTH} levels`, at);
  switch (text[at]) {
    case "{":
      return readObject(text, at, depth);
    case "[":
      return readArray(text, at, depth);
    case '"': {
      const { value, end } = readJsonString(text, at);
      return { node: { kind: "str", bytes: utf8(value) }, end };
    }
    case undefined:
      throw new DocumentSyntaxError("the JSON text ends too early", at);
    default:
      return readWord(text, at);
  }
}

function readObject(text: string, start: number, depth: number): { node: SopsMap; end: number } {
  const entries: SopsEntry[] = [];
  const keys = new Set<string>();
  let at = skipSpace(text, start + 1);
  if (text[at] === "}") return { node: { kind: "map", entries }, end: at + 1 };
  for (;;) {
    if (text[at] !== '"') throw new DocumentSyntaxError("a key in double quotes is expected", at);
    const read = readJsonString(text, at);
    // Go reads half a surrogate pair as U+FFFD, so that two keys may be one.
    const key = read.value.toWellFormed();
    if (keys.has(key)) throw new DocumentSyntaxError("this key appears twice in its object", at);
    keys.add(key);
    at = skipSpace(text, read.end);
    if (text[at] !== ":") throw new DocumentSyntaxError("a colon is expected after the key", at);
    const { node, end } = readNode(text, skipSpace(text, at + 1), depth + 1);
    entries.push({ kind: "entry", key, value: node });
    at = skipSpace(text, end);
    if (text[at] === "}") return { node: { kind: "map", entries }, end: at + 1 };
    if (text[at] !== ",") throw new DocumentSyntaxError("a comma or a closing brace is expected", at);
    at = skipSpace(text, at + 1);
  }
}

function readArray(text: string, start: number, depth: number): NodeRead {
  const items: SopsNode[] = [];
  let at = skipSpace(text, start + 1);
  if (text[at] === "]") return { node: { kind: "list", items }, end: at + 1 };
  for (;;) {
    const { node, end } = readNode(text, at, depth + 1);
    items.push(node);
    at = skipSpace(text, end);
    if (text[at] === "]") return { node: { kind: "list", items }, end: at + 1 };
    if (text[at] !== ",") throw new DocumentSyntaxError("a comma or a closing bracket is expected", at);
    at = skipSpace(text, at + 1);
  }
}

function readWord(text: string, at: number): NodeRead {
  NUMBER.lastIndex = at;
  const number = NUMBER.exec(text)?.[0];
  if (number !== undefined) return { node: numberNode(number, at), end: at + number.length };
  for (const [word, node] of WORDS) {
    if (text.startsWith(word, at)) return { node, end: at + word.length };
  }
  throw new DocumentSyntaxError("this is not a JSON value", at);
}

function numberNode(source: string, at: number): SopsNode {
  if (/^-?[0-9]+$/.test(source)) {
    // More digits than any of 64 bits: a long one would cost time.
    const value = source.length > 20 ? null : BigInt(source);
    if (value !== null && value === BigInt.asIntN(64, value)) return { kind: "int", value };
  }
  const value = Number(source);
  if (!Number.isFinite(value)) throw new DocumentSyntaxError("this number is out of range", at);
  return { kind: "float", value };
}
