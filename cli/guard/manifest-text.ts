import { readJson, skipSpace } from "../../shared/document/json.ts";
import { readBlockMap } from "./block-map.ts";
import { type LocatedNode, readLocated } from "./located-tree.ts";
import { filledManifest, hasMarks } from "./template-marks.ts";

/** A part of a file that is read by itself, since what is wrong in one says nothing of the others. */
export type Chunk = { text: string; start: number };

/** The documents of a chunk; null where it is neither YAML nor JSON, nor a template of either. */
export function readChunk({ text, start }: Chunk): LocatedNode[] | null {
  const read = readBlockMap(text, start) ?? readLocated(text, start);
  if (read !== null) return read;
  return (hasMarks(text) ? readLocated(filledManifest(text), start) : null) ?? readObjects(text, start);
}

/** JSON objects one after another. */
function readObjects(text: string, start: number): LocatedNode[] | null {
  const documents: LocatedNode[] = [];
  for (let at = skipSpace(text, 0); at < text.length; ) {
    if (text[at] !== "{") return null;
    let end: number;
    try {
      end = readJson(text, at).end;
    } catch {
      return null;
    }
    const alone = readLocated(text.slice(at, end), start + at);
    if (alone === null) return null;
    documents.push(...alone);
    at = skipSpace(text, end);
  }
  return documents.length > 0 ? documents : null;
}

/** The documents of a stream as they lie in it, with the `---` before each. */
export function chunksOf(text: string): Chunk[] {
  const starts = [0, ...[...text.matchAll(/^---(?=[ \t\r\n]|$)/gm)].map(({ index }) => index)];
  return [...new Set(starts)].map((start, at, all) => ({ text: text.slice(start, all[at + 1]), start }));
}

const NAMED = /(?:^|\.)(?:ya?ml|json)(?:\.[\w-]+|~)*$|^(?:.*\/)?Kustomization$/i;
const SHELL = /\.(?:sh|bash|zsh|ksh)$/i;
const SHEBANG = /^#!.*\b(?:ba|z|k|da)?sh\b/;
/** Comments, markers and expressions of templates before the first line that says what a text is. */
const BEGINS =
  /^(?:[ \t]*(?:#.*|---.*|\{\{.*|\{%.*)?\r?\n)*[ \t]*(?:\{|\[|["']?(?:apiVersion|kind|metadata|data|stringData|items)["']?[ \t]*:)/;
const HERE_DOCUMENT = /<<-?[ \t]*(["']?)(\w{1,64})\1[^\n]*\n/g;
/** Here-documents without an end, which are looked for through all of the text. */
const MOST_ENDLESS = 100;

/** The parts of a file that may be manifests: all of it by its name or how it begins, or the here-documents of a script. */
export function manifestsIn(path: string, text: string): Chunk[] {
  if (NAMED.test(path) || BEGINS.test(text)) return chunksOf(text);
  if (!SHELL.test(path) && !SHEBANG.test(text)) return [];
  return hereDocuments(text).flatMap(({ text: body, start }) =>
    BEGINS.test(body) ? chunksOf(body).map((chunk) => ({ ...chunk, start: start + chunk.start })) : [],
  );
}

function hereDocuments(text: string): Chunk[] {
  const found: Chunk[] = [];
  let [from, endless] = [0, 0];
  for (const { index, 0: head, 2: word = "" } of text.matchAll(HERE_DOCUMENT)) {
    if (index < from || endless > MOST_ENDLESS) continue;
    const start = index + head.length;
    const end = new RegExp(`^[ \\t]*${word}[ \\t]*\\r?$`, "gm");
    end.lastIndex = start;
    const close = end.exec(text);
    if (close === null) endless += 1;
    else found.push({ text: text.slice(start, close.index), start });
    from = close?.index ?? from;
  }
  return found;
}

/** Whether what cannot be read seems to hold a Secret: its kind, and a field of values. */
export function looksLikeSecret(text: string): boolean {
  return (
    /\bkind\b["']?\s{0,20}:\s{0,20}(?:[!&]\S{1,200}\s{1,20}){0,3}["']?Secret(?:List)?\b/.test(text) &&
    /\b(?:stringD|d)ata\b["']?\s*:/i.test(text)
  );
}

/** What a document must have in it for any of the rules that look at objects; letters may be escaped, and words broken by lines. */
export const OBJECT_MARKS =
  /\b(?:Sealed)?Secret|secretGenerator|stringData|\bsops\b|last-applied-configuration|\\(?:x|u00|U000000)[4-7][0-9A-Fa-f]|\\\r?\n/;
