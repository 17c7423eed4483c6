import type { DocumentFile, FileDocument } from "../shared/document/document-file.ts";
import type { Edit } from "../shared/document/edit-document.ts";
import { InputError, SealError, UsageError } from "../shared/errors.ts";
import { counted } from "./counted.ts";
import { kindOf } from "./document-kind.ts";
import type { DocumentSource } from "./document-source.ts";
import { type InputFile, inputFiles, readInput } from "./input-files.ts";
import type { FileAccess, Io } from "./io.ts";
import { unlessForeign } from "./manifest-reading.ts";
import type { KubesealOptions } from "./options.ts";
import { outputFormat, writeProduct } from "./output-file.ts";
import { placeBelow, writeResult } from "./output-folder.ts";
import { type Product, type WriteProduct, writtenProducts } from "./product.ts";
import { type Progress, startProgress } from "./progress.ts";
import { requireInRepository } from "./repository-links.ts";

/** One thing done to documents of one kind: sealing Secrets, opening SealedSecrets. */
export type DocumentTask = {
  /** What was done, in a line: `sealed`. */
  done: string;
  /** Kind of the documents it works on; all others pass. */
  kind: "Secret" | "SealedSecret";
  /** Which objects it works on, where that is not all of the kind and no others. */
  fits?(value: unknown): boolean;
  /** Which files it works on, where that is not all; nothing is written of the others. */
  takesFile?(path: string): boolean;
  /** Whether a result may stand in the file's own place; else why not. */
  inPlace: true | { refusal: string; hint: string };
  /** Whether there is a product at all. */
  hasProduct: boolean;
  /** Who may read files that results are written to; like the file before when not given. */
  access?: FileAccess;
  /**
   * Judges all documents of the kind that a file or stream has, before the first is worked on.
   * @param source names the file or stream.
   * @throws SealError when none is to be worked on.
   */
  judge?(documents: readonly unknown[], source: string): void;
  /**
   * Works on one document.
   * @throws SealError when it cannot; then the whole file is left as it is.
   */
  perform(document: TaskDocument): Promise<Performed>;
};

/** A document to work on, and how errors name it. */
export type TaskDocument = {
  value: unknown;
  where: string;
  /** Where its result will lie; null for a stream. */
  target?: string | null;
  /** The file it comes from; null for a stream. */
  path?: string | null;
  /** Its text and format; null for an item of a List, which is no document by itself. */
  source?(): Promise<DocumentSource | null>;
};

/** What came of one document. */
export type Performed = {
  /** The resulting object; null when there is no product. */
  product: object | null;
  /** How it is written, where that is not as all objects are; not in a List. */
  write?: WriteProduct;
  /** What to change in the document's own text; null when the product replaces it. */
  edits: readonly Edit[] | null;
  /** For the file's line: `team-a/db, strict`. */
  note: string;
};

/** Options that say where results go. */
export type FileWorkOptions = Pick<
  KubesealOptions,
  "in-place" | "output-dir" | "sealed-secret-file" | "secret-file" | "format"
>;

type Destination = "in-place" | "folder" | "stream";

/**
 * Works on all documents of a kind in the files, folders and patterns given. Written back in place or below
 * `--output-dir` file by file, each whole or not at all; without either, all results go to standard output or `-w`,
 * and only if every file went well. Documents of other kinds stay as they are, byte for byte. A line a file and a
 * summary go to standard error; when interrupted, a last line says how far this came.
 * @param manner `isQuiet`: no lines on standard error, and the failure of a single file is thrown as it is.
 * @throws SealError when a file failed, or nothing was found to work on.
 */
export async function workOnFiles(
  task: DocumentTask,
  args: readonly string[],
  options: FileWorkOptions,
  io: Io,
  { isQuiet = false }: { isQuiet?: boolean } = {},
): Promise<void> {
  const destination = destinationOf(task, options);
  const format = task.hasProduct ? outputFormat(options) : "json";
  const named = inputFiles(args, io.files, options["output-dir"]);
  const files = named.filter(({ path }) => task.takesFile?.(path) !== false);
  if (options["sealed-secret-file"] !== null && files.length > 1) {
    throw new UsageError(
      `--sealed-secret-file takes the result of one file, and ${files.length} were given`,
      "give --output-dir FOLDER, or --in-place",
    );
  }
  for (const file of files) {
    if (destination === "folder") {
      const inPlace = task.inPlace === true ? SAME_FOLDER : task.inPlace;
      requireOtherPlace({ inPlace }, file.path, targetOf(file, options, io), io);
    } else requireOtherPlace(task, file.path, options["sealed-secret-file"], io);
  }
  const products: Product[] = [];
  const count: Count = { done: 0, left: 0, failed: 0, documents: 0, doneBefore: 0 };
  const progress = isQuiet ? SILENT : startProgress(io, files.length);
  const goOn = await io.whenInterrupted?.(() => {
    progress.line(`interrupted: ${soFar(task, count, files.length, destination)}`);
    progress.end();
  });
  for (const file of files) {
    try {
      if (destination === "in-place") requireInRepository(file.path, io.files);
      const target =
        destination === "folder"
          ? targetOf(file, options, io)
          : destination === "in-place"
            ? file.path
            : null;
      const worked = await workOnFile(task, file, target ?? options["sealed-secret-file"], io);
      deliver(worked, file, destination, options, io, task.access);
      products.push(...worked.products);
      count.documents += worked.notes.length;
      if (worked.left === DONE_BEFORE) count.doneBefore += 1;
      if (worked.notes.length === 0) count.left += 1;
      else count.done += 1;
      progress.line(lineOf(task, file, worked));
    } catch (error) {
      if (!(error instanceof SealError) || isQuiet) {
        await goOn?.();
        throw error;
      }
      count.failed += 1;
      const named = error.message.startsWith(file.path) ? "" : `${file.path}: `;
      progress.line(`failed ${named}${error.message}; ${error.hint}`);
    }
    progress.step();
    // A turn of the event loop: now the program may be interrupted.
    await new Promise(setImmediate);
  }
  await goOn?.();
  progress.end();
  summarise(task, files.length, count, progress, destination);
  if (destination === "stream" && task.hasProduct)
    writeProduct(writtenProducts(products, format), options, io, task.access);
}

/**
 * Refuses to write a result where its input lies, where the task leaves files in their own place alone.
 * @throws UsageError as for `--in-place`.
 */
export function requireOtherPlace(
  { inPlace }: Pick<DocumentTask, "inPlace">,
  input: string | null,
  output: string | null,
  { files }: Pick<Io, "files">,
): void {
  if (inPlace === true || input === null || output === null) return;
  if (files.kindOf(input) === null || files.kindOf(output) === null) return;
  if (files.realPath(output) === files.realPath(input)) {
    throw new UsageError(`${output} is the input itself: ${inPlace.refusal}`, inPlace.hint);
  }
}

const SAME_FOLDER = {
  refusal: "--output-dir leads back to it",
  hint: "give --in-place if that is meant, or another folder",
};

function targetOf(file: InputFile, options: FileWorkOptions, { files }: Io): string {
  return placeBelow(options["output-dir"] ?? "", file.target, files);
}

const SILENT: Progress = { line: () => {}, step: () => {}, end: () => {} };

function destinationOf(task: DocumentTask, options: FileWorkOptions): Destination {
  const isInPlace = options["in-place"];
  const given = [
    isInPlace ? "--in-place" : null,
    options["output-dir"] === null ? null : "--output-dir",
    options["sealed-secret-file"] === null ? null : "--sealed-secret-file",
  ].filter((flag) => flag !== null);
  if (options["secret-file"] !== null) {
    throw new UsageError("files were given both as arguments and with -f", "give all of them as arguments");
  }
  if (given.length > 1) {
    throw new UsageError(`${given.join(" and ")} exclude each other`, "give one of them");
  }
  if (isInPlace && task.inPlace !== true) throw new UsageError(task.inPlace.refusal, task.inPlace.hint);
  if (!task.hasProduct && given.length > 0) {
    throw new UsageError(`${given[0]} has nothing to write: this changes no file`, `leave ${given[0]} out`);
  }
  return isInPlace ? "in-place" : options["output-dir"] === null ? "stream" : "folder";
}

/** What came of one file: its content afterwards, and why it was left where it was. */
export type Worked = { content: Uint8Array; products: Product[]; notes: string[]; left: string | null };

/**
 * Works on all documents of a task's kind in one file. Nothing is written.
 * @param target where the result will lie; null for a stream.
 * @throws SealError when one of them fails.
 */
export async function workOnFile(
  task: DocumentTask,
  file: InputFile,
  target: string | null,
  io: Io,
): Promise<Worked> {
  const content = readInput(file.path, io);
  const { readDocumentFile } = await import("../shared/document/document-file.ts");
  const document = unlessForeign(content, file, () => readDocumentFile(content, file.path));
  if (document === null) return { content, products: [], notes: [], left: "not a manifest" };
  const products: Product[] = [];
  const notes: string[] = [];
  const wanted = [...document.documents.entries()].filter(([, { value }]) => isFor(task, value));
  if (wanted.length > 0)
    task.judge?.(
      wanted.map(([, { value }]) => value),
      file.path,
    );
  const performed: [index: number, Performed][] = [];
  for (const [index, { value, where }] of wanted) {
    const source = async () => (await import("./document-source.ts")).sourceOf(document, index);
    performed.push([index, await task.perform({ value, where, target, path: file.path, source })]);
  }
  for (const [index, { product, write, edits, note }] of performed) {
    notes.push(note);
    if (product !== null) products.push({ object: product, write });
    if (edits?.length === 0) continue;
    if (edits !== null) document.edit(index, edits);
    else if (product !== null) document.replace(index, contentOf(product, write, document.documents[index]));
  }
  return {
    content: document.toBytes(),
    products,
    notes,
    left: wanted.length > 0 ? null : isDone(task, document) ? DONE_BEFORE : `no ${task.kind} in it`,
  };
}

/** Whether a task works on an object. */
export function isFor(task: Pick<DocumentTask, "kind" | "fits">, value: unknown): boolean {
  return task.fits?.(value) ?? kindOf(value) === task.kind;
}

/** In a List the object has to fit in with the others, so that only they know how it is laid out. */
function contentOf(
  product: object,
  write: WriteProduct | undefined,
  document: FileDocument | undefined,
): object | string {
  if (write === undefined || document === undefined || document.list !== undefined) return product;
  return write(document.format);
}

const DONE_BEFORE = "already sealed";

/** Whoever seals a folder again, as pipelines do, finds what was sealed the last time. */
function isDone(task: DocumentTask, { documents }: DocumentFile): boolean {
  return task.kind === "Secret" && documents.some(({ value }) => kindOf(value) === "SealedSecret");
}

function deliver(
  worked: Worked,
  file: InputFile,
  destination: Destination,
  options: FileWorkOptions,
  io: Io,
  access: FileAccess = "as-before",
): void {
  if (destination === "stream" || (destination === "in-place" && worked.notes.length === 0)) return;
  const path = destination === "in-place" ? file.path : targetOf(file, options, io);
  writeResult(path, worked.content, io.files, { makesFolder: destination === "folder", access });
}

function lineOf(task: DocumentTask, file: InputFile, { notes, left }: Worked): string {
  if (left !== null) return `left ${file.path}: ${left}`;
  return `${task.done} ${file.path}: ${notes.join("; ")}`;
}

/** What files came to, and how many documents in them were worked on. */
type Count = { done: number; left: number; failed: number; documents: number; doneBefore: number };

function partsOf(task: DocumentTask, count: Count): string {
  return [
    `${task.done} ${count.documents} in ${count.done}`,
    ...(count.left > 0 ? [`left ${count.left} as they are`] : []),
    ...(count.failed > 0 ? [`${count.failed} failed`] : []),
  ].join(", ");
}

function soFar(task: DocumentTask, count: Count, total: number, destination: Destination): string {
  if (!task.hasProduct || destination === "stream") return "nothing was written";
  const rest = total - count.done - count.left - count.failed;
  return `${partsOf(task, count)}; ${counted(rest, "file")} still to do`;
}

function summarise(
  task: DocumentTask,
  total: number,
  count: Count,
  progress: Progress,
  destination: Destination,
): void {
  progress.line(`${counted(total, "file")}: ${partsOf(task, count)}`);
  if (count.failed > 0) {
    throw new InputError(
      `${count.failed} of ${counted(total, "file")} failed`,
      hintAfterFailure(task, destination),
    );
  }
  // To a stream, nothing is no result.
  if (count.documents === 0 && (count.doneBefore === 0 || destination === "stream")) {
    throw new InputError(
      `no ${task.kind} in the files given`,
      `give files with apiVersion: ${task.kind === "Secret" ? "v1" : "bitnami.com/v1alpha1"} and kind: ${task.kind}`,
    );
  }
}

function hintAfterFailure({ hasProduct }: DocumentTask, destination: Destination): string {
  if (!hasProduct) return "correct what is named above and run the same again";
  return destination === "stream"
    ? "correct what is named above; nothing was written"
    : "correct what is named above and run the same again; those files were left as they are";
}
