import type { StreamDocument } from "../../shared/document/document-stream.ts";

/** A document of a file as it stands there, a List not yet taken apart. */
export type ManifestDocument = StreamDocument & {
  /** Names it in errors. */
  where: string;
};

/** A file of manifests. */
export type ManifestFile = {
  where: string;
  /** Without a byte order mark; offsets of the documents count in it. */
  text: string;
  documents: readonly ManifestDocument[];
};

/** What came of one document. */
export type Rendered = {
  /** What it is in plain; null where nothing in it was opened, and it goes out as it was written. */
  objects: readonly object[] | null;
  warnings: readonly string[];
  /** Why something of it goes out sealed, for a controller, in words that name it. */
  left: readonly string[];
};

/** Nothing in it is sealed. */
export const AS_WRITTEN: Rendered = { objects: null, warnings: [], left: [] };

/** It goes out sealed. */
export function leftSealed(why: string): Rendered {
  return { objects: null, warnings: [], left: [why] };
}

/** A file, and what came of each of its documents. */
export type RenderedFile = { file: ManifestFile; rendered: readonly Rendered[] };
