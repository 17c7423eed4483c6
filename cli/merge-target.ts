import { type DocumentFile, readDocumentFile } from "../shared/document/document-file.ts";
import type { Edit } from "../shared/document/edit-document.ts";
import { InputError } from "../shared/errors.ts";
import { KIND } from "../shared/resource.ts";
import { parseSealedSecret, type SealedSecret } from "../shared/sealed-secret.ts";
import { kindOf } from "./document-kind.ts";
import { fileFailure } from "./file-failure.ts";
import { type InputFile, inputFiles } from "./input-files.ts";
import type { Files } from "./io.ts";
import { unlessForeign } from "./manifest-reading.ts";
import { placeBelow, writeResult } from "./output-folder.ts";

/** A file with SealedSecrets to merge into. */
export type TargetFile = { path: string; target: string; document: DocumentFile };

/** One SealedSecret of such a file, as the file's document has it now, edits included. */
export type MergeTarget = {
  file: TargetFile;
  index: number;
  sealedSecret: SealedSecret;
  where: string;
};

/**
 * The SealedSecrets that `--merge-into` names: those of one file, or of every file of a folder.
 * @throws FileError, InputError when there are none, or one cannot be read.
 */
export function mergeTargets(path: string, files: Files): MergeTarget[] {
  const found = filesOf(path, files).flatMap((input) => targetsIn(input, files));
  if (found.length === 0) {
    throw new InputError(
      `no SealedSecret to merge into in ${path}`,
      "name a file with a SealedSecret, or seal the Secret into a new file",
    );
  }
  return found;
}

function filesOf(path: string, files: Files): InputFile[] {
  if (files.kindOf(path) === "folder") return inputFiles([path], files);
  return [{ path, target: path.replace(/^.*[\\/]/, ""), isNamed: true }];
}

function targetsIn(input: InputFile, files: Files): MergeTarget[] {
  const { path, target } = input;
  let content: Uint8Array;
  try {
    content = files.read(path);
  } catch (error) {
    throw fileFailure(
      `cannot read ${path}, the file to merge into`,
      "name an existing file with --merge-into, or seal the Secret into a new file",
      error,
    );
  }
  const document = unlessForeign(content, input, () => readDocumentFile(content, path));
  if (document === null) return [];
  const file = { path, target, document };
  return file.document.documents.flatMap(({ value, where }, index) => {
    if (kindOf(value) !== KIND) return [];
    return [{ file, index, where, sealedSecret: parseSealedSecret(value, where) }];
  });
}

/**
 * The one to merge a Secret into: the only one there is, whatever the Secret's name; among several the one with the
 * Secret's name and namespace.
 * @param secret its name and namespace, null where it has none.
 * @param where names the Secret in errors.
 * @throws InputError when none fits, or several do.
 */
export function targetOf(
  targets: readonly MergeTarget[],
  secret: { name: string | null; namespace: string | null },
  where: string,
): MergeTarget {
  const [only] = targets;
  if (only !== undefined && targets.length === 1) return only;
  const fitting = targets.filter(
    ({ sealedSecret: { metadata } }) =>
      metadata.name === secret.name &&
      (secret.namespace === null ||
        metadata.namespace === undefined ||
        metadata.namespace === secret.namespace),
  );
  const [first] = fitting;
  if (first !== undefined && fitting.length === 1) return first;
  const name = secret.name === null ? "a Secret without a name" : `Secret ${JSON.stringify(secret.name)}`;
  const why =
    first === undefined
      ? `none of the ${targets.length} SealedSecrets has that name and namespace`
      : `${fitting.map((target) => target.where).join(" and ")} both have that name`;
  throw new InputError(
    `${where}: no place to merge ${name} into: ${why}`,
    "name the file that holds its SealedSecret with --merge-into",
  );
}

/** Makes changes to one, in its file's document; nothing is written yet. @throws InputError when it cannot be edited. */
export function editTarget(target: MergeTarget, edits: readonly Edit[]): void {
  const { file, index, where } = target;
  file.document.edit(index, edits);
  target.sealedSecret = parseSealedSecret(file.document.documents[index]?.value, where);
}

/** Puts the text of another object in the place of one, in its file's document. @throws InputError when it does not fit there. */
export function replaceTarget(target: MergeTarget, text: string): void {
  const { file, index, where } = target;
  file.document.replace(index, text);
  target.sealedSecret = parseSealedSecret(file.document.documents[index]?.value, where);
}

/** Writes every file that was changed, each whole. @throws FileError naming the file. */
export function writeTargets(
  changed: ReadonlyMap<TargetFile, Uint8Array | string>,
  outputFolder: string | null,
  files: Files,
): void {
  const places = [...changed].map(([file, content]) => ({
    path: outputFolder === null ? file.path : placeBelow(outputFolder, file.target, files),
    content,
  }));
  for (const { path, content } of places) {
    writeResult(path, content, files, { makesFolder: outputFolder !== null });
  }
}
