import type { DocumentFile, FileDocument } from "../../shared/document/document-file.ts";
import { parseSyntax } from "../../shared/document/syntax-tree.ts";

/** What may stand before the content of a YAML document: its marker, directives, comments and empty lines. */
const BEFORE_CONTENT = /^(?:[ \t]*(?:#[^\n]*)?\r?\n|%[^\n]*\n|---[ \t]*(?:#[^\n]*)?\r?\n)*/;

/**
 * The lines, from 1, at which the objects of a file begin: their first line of content. An item of a List whose syntax cannot be
 * followed has that of the List.
 */
export function objectLines({ text, documents }: DocumentFile): number[] {
  const lines = new LineCounter(text);
  const items = new Map<number, number[] | null>();
  return documents.map((document) => {
    const { start, list } = document;
    if (list === undefined) return lines.at(contentStart(text, document));
    if (!items.has(start)) items.set(start, itemStarts(text, document));
    return lines.at(items.get(start)?.[list] ?? contentStart(text, document));
  });
}

function contentStart(text: string, { start, end }: FileDocument): number {
  return start + (BEFORE_CONTENT.exec(text.slice(start, end))?.[0].length ?? 0);
}

/** Offsets of the items of a List. */
function itemStarts(text: string, { start, end }: FileDocument): number[] | null {
  const root = parseSyntax(text.slice(start, end));
  if (root?.kind !== "map") return null;
  const items = root.entries.find(({ key }) => key === "items")?.value;
  return items?.kind === "list" ? items.entries.map((entry) => start + entry.start) : null;
}

/** Counts lines forward, beginning anew where it is asked for an earlier place. */
class LineCounter {
  readonly #text: string;
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  at(offset: number): number {
    if (offset < this.#at) [this.#at, this.#line] = [0, 1];
    for (;;) {
      const next = this.#text.indexOf("\n", this.#at);
      if (next === -1 || next >= offset) return this.#line;
      this.#at = next + 1;
      this.#line += 1;
    }
  }
}
