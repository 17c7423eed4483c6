import { readDocumentFile } from "../../shared/document/document-file.ts";
import { FileError, InputError, UsageError } from "../../shared/errors.ts";
import { KIND } from "../../shared/resource.ts";
import { parseSealedSecret } from "../../shared/sealed-secret.ts";
import { kindOf } from "../document-kind.ts";
import { fileFailure } from "../file-failure.ts";
import type { Files } from "../io.ts";
import type { MergeTarget } from "../merge-target.ts";
import { writeResult } from "../output-folder.ts";
import { requireInRepository } from "../repository-links.ts";

/** Which SealedSecret of a file is meant, each null where it is not said. */
export type Wanted = { name: string | null; namespace: string | null };

/**
 * The SealedSecret of a file that one item is changed of: the only one, or the one of this name and namespace.
 * @returns null when there is no such file.
 * @throws UsageError for what is no file; FileError for a link out of the repository; FileError, InputError when the file cannot be read, or not one of its objects fits.
 */
export function itemTarget(path: string, wanted: Wanted, files: Files): MergeTarget | null {
  if (path === "-") throw new UsageError("- is no file here", "name the file of the SealedSecret");
  requireInRepository(path, files);
  const kind = files.kindOf(path);
  if (kind === null) return null;
  if (kind !== "file") {
    const what = kind === "folder" ? "a folder" : "a device or a pipe, and cannot be changed in its place";
    throw new UsageError(`${path} is ${what}`, "name the file of the SealedSecret");
  }
  const document = readDocumentFile(readFile(path, files), path);
  const file = { path, target: path.replace(/^.*[\\/]/, ""), document };
  const found = document.documents.flatMap(({ value, where }, index): MergeTarget[] =>
    kindOf(value) === KIND ? [{ file, index, where, sealedSecret: parseSealedSecret(value, where) }] : [],
  );
  const fitting = found.filter(({ sealedSecret: { metadata } }) => fits(wanted, metadata));
  const [first] = fitting;
  if (first === undefined) throw noneFits(path, found, wanted);
  if (fitting.length === 1) return first;
  throw new InputError(
    `${path} holds ${fitting.length} SealedSecrets that may be meant: ${namesOf(fitting)}`,
    wanted.name === null
      ? "say which with --name NAME, and --namespace where two have one name"
      : wanted.namespace === null
        ? "say which with --namespace NAMESPACE"
        : "they are one object to the cluster: take out the one that is too many",
  );
}

/**
 * The same for commands that need the file.
 * @throws FileError when there is none.
 */
export function existingTarget(path: string, wanted: Wanted, files: Files): MergeTarget {
  const target = itemTarget(path, wanted, files);
  if (target !== null) return target;
  throw new FileError(`cannot read ${path}: no such file or directory`, "name the file of a SealedSecret");
}

/** Writes the file of a target that was changed. @throws FileError; InputError when it cannot be changed in place. */
export function writeTarget({ file }: MergeTarget, files: Files): void {
  writeResult(file.path, file.document.toBytes(), files, { makesFolder: false });
}

function readFile(path: string, files: Files): Uint8Array {
  try {
    return files.read(path);
  } catch (error) {
    throw fileFailure(`cannot read ${path}`, "name the file of a SealedSecret", error);
  }
}

/** A namespace that is not the object's is told of later, with what that means. */
function fits({ name, namespace }: Wanted, metadata: MergeTarget["sealedSecret"]["metadata"]): boolean {
  if (name === null) return true;
  return (
    metadata.name === name &&
    (namespace === null || metadata.namespace === undefined || metadata.namespace === namespace)
  );
}

function noneFits(path: string, found: readonly MergeTarget[], { name, namespace }: Wanted): InputError {
  if (found.length === 0) {
    return new InputError(
      `${path} holds no SealedSecret`,
      "name a file with one, or a file that is not there yet to make a new one",
    );
  }
  const place = namespace === null ? name : `${namespace}/${name}`;
  return new InputError(
    `${path} holds no SealedSecret ${place}, but ${namesOf(found)}`,
    "correct --name and --namespace, or leave them out where the file holds one",
  );
}

function namesOf(targets: readonly MergeTarget[]): string {
  const names = targets.map(({ sealedSecret: { metadata } }) =>
    metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`,
  );
  return names.join(", ");
}
