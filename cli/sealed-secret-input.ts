import { type InputDocument, readDocuments } from "../shared/document/read-documents.ts";
import { InputError } from "../shared/errors.ts";
import { parseSealedSecret, type SealedSecret } from "../shared/sealed-secret.ts";
import { inputFiles, readInput } from "./input-files.ts";
import type { Io } from "./io.ts";
import { readStandardInput } from "./sealing.ts";

/** A SealedSecret of the input, and how errors name it. */
export type NamedSealedSecret = {
  sealedSecret: SealedSecret;
  where: string;
  /** The file it is in; null for standard input. */
  file: string | null;
};

/** In a folder lies what is no manifest; only what may be a SealedSecret must be read. */
const MAY_BE_OURS = /\bkind["']?\s*:\s*["']?SealedSecret\b/;

/**
 * The SealedSecrets of the files and folders given, or of standard input when none are. Documents of other kinds are
 * passed over, and files found in folders that cannot be read as manifests and hold no SealedSecret.
 * @throws SealError naming what cannot be read, or that there is no SealedSecret.
 */
export function readSealedSecrets(args: readonly string[], io: Io): NamedSealedSecret[] {
  const documents =
    args.length === 0
      ? readDocuments(readStandardInput(io, "SealedSecrets"), "standard input").map((read) => ({
          ...read,
          file: null,
        }))
      : inputFiles(args, io.files).flatMap(({ path, isNamed }) =>
          documentsOf(path, isNamed, io).map((read) => ({ ...read, file: path })),
        );
  const found = documents
    .filter(({ value }) => isSealedSecret(value))
    .map(({ value, where, file }) => ({ sealedSecret: parseSealedSecret(value, where), where, file }));
  if (found.length === 0) {
    throw new InputError(
      `no SealedSecret in ${args.length === 0 ? "standard input" : "the files given"}`,
      "give documents with apiVersion: bitnami.com/v1alpha1 and kind: SealedSecret",
    );
  }
  return found;
}

function documentsOf(path: string, isNamed: boolean, io: Io): InputDocument[] {
  const content = readInput(path, io);
  try {
    return readDocuments(content, path);
  } catch (error) {
    const mayBeOurs = isNamed || MAY_BE_OURS.test(new TextDecoder().decode(content));
    if (mayBeOurs || !(error instanceof InputError)) throw error;
    return [];
  }
}

function isSealedSecret(value: unknown): boolean {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "SealedSecret";
}
