import { type InputDocument, readDocuments } from "../shared/document/read-documents.ts";
import { InputError, UsageError } from "../shared/errors.ts";
import { kindOf } from "./document-kind.ts";
import { type DocumentTask, isFor, requireOtherPlace, workOnFiles } from "./file-work.ts";
import type { Io } from "./io.ts";
import type { KubesealOptions } from "./options.ts";
import { outputFormat, writeProduct } from "./output-file.ts";
import { type Product, writtenProducts } from "./product.ts";
import { readSecretFile, readStandardInput } from "./sealing.ts";

/**
 * Does a task with what the command line names: files and folders given as arguments, the file of `-f`, or standard
 * input.
 * @throws SealError when it failed; then nothing of the stream, or of the file at fault, was written.
 */
export async function workOnInput(
  task: DocumentTask,
  positionals: readonly string[],
  options: KubesealOptions,
  io: Io,
): Promise<void> {
  const file = options["secret-file"];
  const toFiles = options["in-place"] || options["output-dir"] !== null;
  if (positionals.length > 0) return workOnFiles(task, positionals, options, io);
  if (toFiles && file !== null) return workOnFiles(task, [file], { ...options, "secret-file": null }, io);
  if (toFiles) {
    const flag = options["in-place"] ? "--in-place" : "--output-dir";
    throw new UsageError(`${flag} needs files`, "name files, folders or patterns as arguments");
  }
  await workOnStream(task, options, io);
}

/** Every document of a stream must be of the task's kind: what a stream loses nobody misses in time. */
async function workOnStream(task: DocumentTask, options: KubesealOptions, io: Io): Promise<void> {
  const format = task.hasProduct ? outputFormat(options) : "json";
  requireOtherPlace(task, options["secret-file"], options["sealed-secret-file"], io);
  const source = options["secret-file"] ?? "standard input";
  const content = readSecretFile(options, io) ?? readStandardInput(io);
  const documents = readDocuments(content, source);
  requireKind(documents, task, source);
  task.judge?.(
    documents.map(({ value }) => value),
    source,
  );
  const products: Product[] = [];
  for (const [index, { value, where }] of documents.entries()) {
    const target = options["sealed-secret-file"];
    const { product, write } = await task.perform({
      value,
      where,
      target,
      path: options["secret-file"],
      source: async () => (await sourcesOf(content, source))(index),
    });
    if (product !== null) products.push({ object: product, write });
  }
  if (task.hasProduct) writeProduct(writtenProducts(products, format), options, io, task.access);
}

/** The texts of a stream's documents; what follows their syntax is loaded for those alone that need it. */
async function sourcesOf(content: Uint8Array, source: string) {
  const { readDocumentFile } = await import("../shared/document/document-file.ts");
  const { sourceOf } = await import("./document-source.ts");
  const file = readDocumentFile(content, source);
  return (index: number) => sourceOf(file, index);
}

function requireKind(documents: readonly InputDocument[], task: DocumentTask, source: string): void {
  const { kind } = task;
  if (documents.length === 0) {
    throw new InputError(
      `no ${kind === "Secret" ? "secrets" : "sealed secrets"} found in ${source}`,
      `give at least one document with kind: ${kind}`,
    );
  }
  for (const { value, where } of documents) {
    if (isFor(task, value)) continue;
    const found = kindOf(value);
    const why = typeof found === "string" ? `its kind is ${JSON.stringify(found)}` : "it has no kind";
    throw new InputError(`${where} is not a ${kind}: ${why}`, `give documents with kind: ${kind} only`);
  }
}
