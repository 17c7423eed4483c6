import type { DocumentFile, FileDocument } from "../../shared/document/document-file.ts";
import { entriesOn, parseSyntax, type SyntaxNode } from "../../shared/document/syntax-tree.ts";
import { FileLines } from "../guard/file-lines.ts";
import type { FieldPath } from "./problem.ts";

/** Finds the lines at which objects of a file, and fields of them, stand. */
export class ObjectLines {
  readonly lines: FileLines;
  readonly #text: string;
  readonly #trees = new Map<number, SyntaxNode | null>();

  constructor({ text }: Pick<DocumentFile, "text">) {
    this.#text = text;
    this.lines = new FileLines(text);
  }

  /** @returns the index of the line where the field at a path stands, or as much of the path as there is. */
  of({ start, end, list }: FileDocument, path: FieldPath): number {
    const root = this.#treeAt(start, end);
    if (root === null) return this.lines.indexOf(start + leadingBlanks(this.#text.slice(start, end)));
    const entries = entriesOn(root, [...(list === undefined ? [] : ["items", list]), ...path]);
    return this.lines.indexOf(start + (entries.at(-1)?.start ?? root.start));
  }

  /** Documents of a file have their trees made once, and only where something is told of them. */
  #treeAt(start: number, end: number): SyntaxNode | null {
    const known = this.#trees.get(start);
    if (known !== undefined) return known;
    const tree = parseSyntax(this.#text.slice(start, end));
    this.#trees.set(start, tree);
    return tree;
  }
}

function leadingBlanks(text: string): number {
  return /^(?:---[^\n]*|\s|#[^\n]*)*/.exec(text)?.[0].length ?? 0;
}
