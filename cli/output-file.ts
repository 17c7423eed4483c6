import type { DocumentFormat } from "../shared/document/write-documents.ts";
import { FileError, InputError } from "../shared/errors.ts";
import { codeOf, fileFailure } from "./file-failure.ts";
import type { FileAccess, Io } from "./io.ts";
import type { KubesealOptions } from "./options.ts";

type OutputOptions = Pick<KubesealOptions, "format" | "sealed-secret-file">;

/**
 * The format of the product: `--format`, but YAML for a file whose name says so.
 * @throws InputError for an unknown format: as in kubeseal that is no fault of the flags, exit code 1.
 */
export function outputFormat(options: OutputOptions): DocumentFormat {
  const format = (options.format ?? "json").toLowerCase();
  if (format !== "json" && format !== "yaml") {
    throw new InputError(
      `unsupported output format: ${options.format}`,
      "write --format json or --format yaml; SEALED_SECRETS_FORMAT sets it too",
    );
  }
  return /\.ya?ml$/.test(options["sealed-secret-file"] ?? "") ? "yaml" : format;
}

/**
 * Writes the whole product at once, to the file of `-w` or to standard output.
 * @param access who may read that file: plain secrets are for its owner only.
 */
export function writeProduct(
  content: string | Uint8Array,
  options: OutputOptions,
  io: Io,
  access: FileAccess = "as-before",
): void {
  const path = options["sealed-secret-file"];
  if (path === null) {
    try {
      io.stdout.write(content);
    } catch (error) {
      // The reader went away: that is no failure to speak of.
      if (codeOf(error) === "EPIPE") throw error;
      throw fileFailure(
        "cannot write to standard output",
        "check where it leads, or give a file with -w",
        error,
      );
    }
    return;
  }
  if (/[\\/]$/.test(path))
    throw new FileError(`cannot write ${path}: it names a folder`, "name a file in it with -w");
  try {
    io.files.replace(path, content, access);
  } catch (error) {
    throw fileFailure(
      `cannot write ${path}`,
      "check the folder and its permissions, or name another file",
      error,
    );
  }
}
