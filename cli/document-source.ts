import type { DocumentFile } from "../shared/document/document-file.ts";
import { bodyOf } from "../shared/document/replaced-text.ts";
import type { DocumentFormat } from "../shared/document/write-documents.ts";

/** The text of a document as it stands in a file or stream. */
export type DocumentSource = {
  /** Without the marker and the comments before its content, and those behind. */
  body: string;
  format: DocumentFormat;
};

/**
 * The text of one of a file's documents: what `replace` puts another text in the place of.
 * @param index into `documents`.
 * @returns null for an item of a List, and where the syntax cannot be followed.
 */
export function sourceOf(file: DocumentFile, index: number): DocumentSource | null {
  const document = file.documents[index];
  if (document === undefined || document.list !== undefined) return null;
  const { start, end, format } = document;
  const text = file.text.slice(start, end);
  const body = format === "json" ? text : bodyOf(text);
  return body === null ? null : { body, format };
}
