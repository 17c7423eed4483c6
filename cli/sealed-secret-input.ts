import { readDocuments } from "../shared/document/read-documents.ts";
import { InputError } from "../shared/errors.ts";
import { KIND } from "../shared/resource.ts";
import { parseSealedSecret, type SealedSecret } from "../shared/sealed-secret.ts";
import { kindOf } from "./document-kind.ts";
import { inputFiles, readInput } from "./input-files.ts";
import type { Io } from "./io.ts";
import { unlessForeign } from "./manifest-reading.ts";
import { readStandardInput } from "./sealing.ts";

/** A SealedSecret of the input, and how errors name it. */
export type NamedSealedSecret = {
  sealedSecret: SealedSecret;
  where: string;
  /** The file it is in; null for standard input. */
  file: string | null;
};

/**
 * The SealedSecrets of the files and folders given, or of standard input when none are. Documents of other kinds are
 * passed over, and files found in folders that cannot be read as manifests and seem to hold none of ours.
 * @throws SealError naming what cannot be read, or that there is no SealedSecret.
 */
export function readSealedSecrets(args: readonly string[], io: Io): NamedSealedSecret[] {
  const documents =
    args.length === 0
      ? readDocuments(readStandardInput(io, "SealedSecrets"), "standard input").map((read) => ({
          ...read,
          file: null,
        }))
      : inputFiles(args, io.files).flatMap((input) => {
          const content = readInput(input.path, io);
          const documents = unlessForeign(content, input, () => readDocuments(content, input.path)) ?? [];
          return documents.map((read) => ({ ...read, file: input.path }));
        });
  const found = documents
    .filter(({ value }) => kindOf(value) === KIND)
    .map(({ value, where, file }) => ({ sealedSecret: parseSealedSecret(value, where), where, file }));
  if (found.length === 0) {
    throw new InputError(
      `no SealedSecret in ${args.length === 0 ? "standard input" : "the files given"}`,
      "give documents with apiVersion: bitnami.com/v1alpha1 and kind: SealedSecret",
    );
  }
  return found;
}
