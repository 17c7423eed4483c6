import { InputError } from "../errors.ts";
import { decodeText } from "./encoding.ts";
import { readJson, skipSpace } from "./json.ts";
import { DocumentSyntaxError, positionOf } from "./syntax-error.ts";
import { readYaml } from "./yaml.ts";

/** One object out of a stream. */
export type InputDocument = {
  value: unknown;
  /** Names it in errors: `secret.yaml`, `secret.yaml, document 2`, `secret.yaml, document 2, item 3`. */
  where: string;
};

/**
 * Reads a stream of YAML documents and JSON objects, in any mixture: YAML separated by `---`, JSON also one after
 * another. Documents without content are passed over; a `List`, `SecretList` or `SealedSecretList` yields its items.
 * Numbers and truth values whose text would change come as UnquotedScalar.
 * @param where names the stream in errors.
 * @returns the objects in order; empty when there are none.
 * @throws InputError naming document, line and column of the first that cannot be read; never quotes the input.
 */
export function readDocuments(input: Uint8Array | string, where: string): InputDocument[] {
  // A string may begin with a byte order mark too, where somebody else decoded it.
  const text = (typeof input === "string" ? input : decodeText(input, where)).replace(/^\ufeff/, "");
  const values: unknown[] = [];
  for (const { start, end } of chunksOf(text)) {
    try {
      readChunk(text.slice(start, end), values);
    } catch (error) {
      if (!(error instanceof DocumentSyntaxError)) throw error;
      const { line, column } = positionOf(text, start + error.at);
      throw new InputError(
        `${where}, document ${values.length + 1}: line ${line}, column ${column}: ${error.problem}`,
        "correct the document there; nothing was written",
      );
    }
  }
  return values.flatMap((value, index) =>
    expand(value, values.length === 1 ? where : `${where}, document ${index + 1}`),
  );
}

type Chunk = { start: number; end: number };

/** The stretches between `---` lines. The marker belongs to what follows it, which may begin on the same line. */
function chunksOf(text: string): Chunk[] {
  const chunks: Chunk[] = [];
  let start = 0;
  for (const { index } of text.matchAll(/^---(?=[ \t\r\n]|$)/gm)) {
    // Directives belong to the document after the marker.
    if (/^(?:[ \t]*(?:#.*)?\r?\n|%.*\r?\n)*$/.test(text.slice(start, index))) continue;
    chunks.push({ start, end: index });
    start = index;
  }
  chunks.push({ start, end: text.length });
  return chunks;
}

const MARKER = /^(?:[ \t]*(?:#.*)?\r?\n)*---[ \t]*(?=[\r\n]|$)/;

/** Appends the objects of one chunk. */
function readChunk(text: string, values: unknown[]): void {
  const start = skipSpace(text, MARKER.exec(text)?.[0].length ?? 0);
  if (text[start] !== "{") {
    values.push(...readYaml(text));
    return;
  }
  const before = values.length;
  try {
    readObjects(text, start, values);
  } catch (error) {
    // What begins like JSON may be YAML in flow style, with comments and bare words.
    const yaml = error instanceof DocumentSyntaxError ? attempt(() => readYaml(text)) : null;
    if (yaml === null) throw error;
    values.splice(before, Number.POSITIVE_INFINITY, ...yaml);
  }
}

function readObjects(text: string, start: number, values: unknown[]): void {
  for (let at = start; at < text.length; ) {
    if (text[at] !== "{") throw new DocumentSyntaxError("text is left over after the JSON object", at);
    const { value, end } = readJson(text, at);
    values.push(value);
    at = skipSpace(text, end);
  }
}

function attempt<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** Lists and the kind of their items, where the list's kind says it (the API server then leaves it off the items). */
const LISTS: ReadonlyMap<unknown, { apiVersion: string; kind: string } | null> = new Map([
  ["List", null],
  ["SecretList", { apiVersion: "v1", kind: "Secret" }],
  ["SealedSecretList", { apiVersion: "bitnami.com/v1alpha1", kind: "SealedSecret" }],
]);

function expand(value: unknown, where: string): InputDocument[] {
  if (!isMap(value)) return [{ value, where }];
  const itemType = LISTS.get(value["kind"]);
  if (itemType === undefined) return [{ value, where }];
  const items = value["items"] ?? [];
  if (!Array.isArray(items)) {
    throw new InputError(`${where}: items must be a list`, "correct items in the List");
  }
  return items.map((item: unknown, index) => ({
    value: isMap(item) ? { ...itemType, ...item } : item,
    where: `${where}, item ${index + 1}`,
  }));
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
