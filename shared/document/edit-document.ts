import { InputError } from "../errors.ts";
import { readStream } from "./document-stream.ts";
import { type Edit, EditConflict, editedValue, isSameValue, type Path } from "./edit.ts";
import { applyEdits } from "./edited-text.ts";
import { positionOf } from "./syntax-error.ts";
import { entriesOn, parseSyntax, type SyntaxNode } from "./syntax-tree.ts";

import type { DocumentFormat } from "./write-documents.ts";

export type { Edit, Path } from "./edit.ts";

/** A larger text that a document was taken from, for line numbers in errors. */
export type Surroundings = { text: string; start: number };

/**
 * Makes changes to the text of one document, YAML or JSON, and leaves every other character of it as it is: comments,
 * order, quoting, indentation, line breaks. A text set anew keeps its quoting where it can; a new entry goes after
 * the last one of its map, in its layout. The result is read again and compared with what it must be.
 * @param text one document, without a byte order mark; its `---` may stand in it.
 * @param where names the document in errors.
 * @param within where the text was taken from.
 * @throws InputError when it is not one document that can be read, or cannot be edited in place; names the line.
 */
export function editDocument(
  text: string,
  edits: readonly Edit[],
  where: string,
  within: Surroundings = { text, start: 0 },
): string {
  const { value, format } = readOne(text, where);
  try {
    const edited = attempt(text, value, format, edits);
    if (edited !== null) return edited;
    const failing = edits.find((edit) => attempt(text, value, format, [edit]) === null);
    throw new EditConflict(reasonOf(text), (failing ?? edits[0])?.path ?? []);
  } catch (error) {
    if (!(error instanceof EditConflict)) throw error;
    const { line } = positionOf(within.text, within.start + nearest(parseSyntax(text), error.path));
    throw new InputError(
      `${where}: line ${line} cannot be edited in place: ${error.reason}`,
      "change it there by hand, or write the document without what is named, then run the same again",
    );
  }
}

/** @returns null when the edited text does not read as it must. */
function attempt(
  text: string,
  value: unknown,
  format: DocumentFormat,
  edits: readonly Edit[],
): string | null {
  const expected = editedValue(value, edits);
  const edited = applyEdits(text, edits, format);
  return edited !== null && readsAs(edited, expected) ? edited : null;
}

function readOne(text: string, where: string): { value: unknown; format: DocumentFormat } {
  const [document, ...others] = readStream(text, where);
  if (document === undefined || others.length > 0) {
    throw new InputError(
      `${where} cannot be edited in place: it is not one document`,
      "separate documents by a line with ---",
    );
  }
  return document;
}

/** The offset of the last node on a way that is there. */
function nearest(tree: SyntaxNode | null, path: Path): number {
  return tree === null ? 0 : (entriesOn(tree, path).at(-1)?.start ?? tree.start);
}

/** Whether our own reader finds one document in a text, with the value that it must have after a change. */
export function readsAs(text: string, expected: unknown): boolean {
  try {
    const [document, ...others] = readStream(text, "");
    return document !== undefined && others.length === 0 && isSameValue(document.value, expected);
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

function reasonOf(text: string): string {
  if (/\r(?!\n)/.test(text)) return "it has lines that end with a carriage return alone";
  if (/(?:^|[\s[{,:-])[*&]/.test(text)) return "anchors and aliases would carry the change to other places";
  if (/(?:^|[\s[{,:-])!/.test(text)) return "a tag decides what may stand there";
  return "its layout does not allow it";
}
