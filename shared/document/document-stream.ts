import { InputError } from "../errors.ts";
import { readJson, skipSpace } from "./json.ts";
import { DocumentSyntaxError, positionOf } from "./syntax-error.ts";
import { readYaml } from "./yaml.ts";

/** One document of a stream as it stands there, a List not yet taken apart. */
export type StreamDocument = {
  value: unknown;
  /** Offset of its first character: of a JSON object its brace, of a YAML document its `---`, or what leads to it. */
  start: number;
  /** Offset after its last character. */
  end: number;
  format: "json" | "yaml";
};

/**
 * Reads a stream of YAML documents and JSON objects, in any mixture: YAML separated by `---`, JSON also one after
 * another. Documents without content are passed over. YAML documents separated by `...` alone share one range.
 * @param text without a byte order mark.
 * @param where names the stream in errors.
 * @throws InputError naming document, line and column of the first that cannot be read; never quotes the input.
 */
export function readStream(text: string, where: string): StreamDocument[] {
  const documents: StreamDocument[] = [];
  for (const chunk of chunksOf(text)) {
    try {
      readChunk(text.slice(chunk.start, chunk.end), chunk, documents);
    } catch (error) {
      if (!(error instanceof DocumentSyntaxError)) throw error;
      const { line, column } = positionOf(text, chunk.start + error.at);
      throw new InputError(
        `${where}, document ${documents.length + 1}: line ${line}, column ${column}: ${error.problem}`,
        "correct the document there",
      );
    }
  }
  return documents;
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

/** Appends the documents of one chunk. */
function readChunk(text: string, chunk: Chunk, documents: StreamDocument[]): void {
  const start = skipSpace(text, MARKER.exec(text)?.[0].length ?? 0);
  const before = documents.length;
  if (text[start] !== "{") {
    documents.push(...yamlDocuments(text, chunk));
    return;
  }
  try {
    readObjects(text, start, chunk.start, documents);
  } catch (error) {
    // What begins like JSON may be YAML in flow style, with comments and bare words.
    const yaml = error instanceof DocumentSyntaxError ? attempt(() => yamlDocuments(text, chunk)) : null;
    if (yaml === null) throw error;
    documents.splice(before, Number.POSITIVE_INFINITY, ...yaml);
  }
}

function yamlDocuments(text: string, chunk: Chunk): StreamDocument[] {
  return readYaml(text).map((value) => ({ value, ...chunk, format: "yaml" }));
}

function readObjects(text: string, start: number, offset: number, documents: StreamDocument[]): void {
  for (let at = start; at < text.length; ) {
    if (text[at] !== "{") throw new DocumentSyntaxError("text is left over after the JSON object", at);
    const { value, end } = readJson(text, at);
    documents.push({ value, start: offset + at, end: offset + end, format: "json" });
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
