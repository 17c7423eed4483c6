import type { DocumentFile } from "../shared/document/document-file.ts";
import { bodyOf } from "../shared/document/replaced-text.ts";
import { METADATA_KEY } from "../shared/document/sops/metadata-tree.ts";
import type { DocumentFormat } from "../shared/document/write-documents.ts";

/** The text of a document as it stands in a file or stream. */
export type DocumentSource = {
  /** Without the marker and the comments before its content, and those behind. */
  body: string;
  format: DocumentFormat;
  /** Whether SOPS encrypted it together with other documents of the file, under one MAC. */
  sharesMac: boolean;
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
  if (body === null) return null;
  const mac = macOf(document.value);
  const sharesMac = mac !== null && file.documents.filter(({ value }) => macOf(value) === mac).length > 1;
  return { body, format, sharesMac };
}

function macOf(value: unknown): unknown {
  const sops = fieldOf(value, METADATA_KEY);
  return fieldOf(sops, "mac");
}

function fieldOf(value: unknown, field: string): unknown {
  const isMap = typeof value === "object" && value !== null && Object.hasOwn(value, field);
  return isMap ? (value as Record<string, unknown>)[field] : null;
}
