import { readDocumentFile } from "../../shared/document/document-file.ts";
import { InputError } from "../../shared/errors.ts";
import { KIND } from "../../shared/resource.ts";
import { kindOf } from "../document-kind.ts";
import type { InputFile } from "../input-files.ts";
import { unlessForeign } from "../manifest-reading.ts";
import { objectLines } from "./document-lines.ts";
import { readSealedObject } from "./read-object.ts";
import type { InventoriedFile, InventoryProblem, Origin, SealedObject } from "./sealed-object.ts";
import { whyStoredElsewhere } from "./stored-elsewhere.ts";

/** What a file holds; `file` is null where it holds no SealedSecret that can be read. */
export type FileReading = { file: InventoriedFile | null; problems: readonly InventoryProblem[] };

/** A file's place, and how what is found in it is told of. */
export type FileToRead = Pick<InputFile, "path" | "isNamed"> & {
  /** Names the file in errors, where that is not its path. */
  where?: string;
  /** The origin of an object; by default the file. */
  originAt?: (line: number) => Origin;
  /** The namespace of objects that name none; null for none. */
  namespace: string | null;
};

/**
 * The SealedSecrets of one file: documents of a stream and items of Lists. What is none of ours is passed over; what cannot be
 * read and may be one of ours is told.
 */
export function readInventoriedFile(content: Uint8Array, source: FileToRead): FileReading {
  const { path, namespace, where = path } = source;
  const problems: InventoryProblem[] = [];
  const attempt = <Result>(name: string, read: () => Result): Result | null => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problems.push({ where: name, problem: error.message, next: error.hint });
      return null;
    }
  };
  const elsewhere = whyStoredElsewhere(content);
  if (elsewhere !== null) return { file: null, problems: [{ where, ...elsewhere }] };
  const document = attempt(where, () =>
    unlessForeign(content, source, () => readDocumentFile(content, where)),
  );
  if (document === null) return { file: null, problems };
  const found = [...document.documents.entries()].filter(([, { value }]) => kindOf(value) === KIND);
  if (found.length === 0) return { file: null, problems };
  const lines = objectLines(document);
  const objects: SealedObject[] = [];
  for (const [index, { value, where: name }] of found) {
    const line = lines[index] ?? 1;
    const origin = source.originAt?.(line) ?? { kind: "file" as const, path, line, index };
    const object = attempt(name, () => readSealedObject(value, { origin, where: name, namespace }));
    if (object !== null) objects.push(object);
  }
  return { file: objects.length === 0 ? null : { path, document, objects }, problems };
}
