import { FileError, UsageError } from "../../shared/errors.ts";
import { fileFailure } from "../file-failure.ts";
import type { Io } from "../io.ts";
import { writeProduct } from "../output-file.ts";
import { isManifestName } from "./sources.ts";

/**
 * Where plain Secrets go: nowhere but where the user says. A file is for its owner only and there as a whole or not at all.
 * @param output the file; `-` for standard output whatever it is; null for standard output unless it is a terminal.
 * @param paths what is rendered.
 * @returns writes the product, once.
 * @throws UsageError, before anything is opened, where plain Secrets would be shown on a terminal, overwrite what they
 *   are made of, or be taken for a part of it the next time.
 */
export function renderOutput(
  output: string | null,
  paths: readonly string[],
  io: Io,
): (product: string) => void {
  if (output === null && io.stdout.isTerminal) {
    throw new UsageError(
      "plain Secrets are not printed on a terminal unless asked for",
      "lead standard output on, as in signet render … | kubectl apply -f -; or give -o - for the terminal, -o FILE for a file",
    );
  }
  const product = { format: null, "sealed-secret-file": null };
  if (output === null || output === "-") return (content) => writeProduct(content, product, io);
  requireOwnPlace(output, paths, io);
  return (content) => {
    try {
      io.files.replace(output, content, "owner-only");
    } catch (error) {
      throw fileFailure(`cannot write ${output}`, "check the folder and its permissions", error);
    }
  };
}

function requireOwnPlace(output: string, paths: readonly string[], { files }: Io): void {
  if (/[\\/]$/.test(output) || files.kindOf(output) === "folder")
    throw new FileError(`cannot write ${output}: it is a folder`, "name a file in it");
  const place = files.destination(output);
  for (const path of paths) {
    const kind = path === "-" ? null : files.kindOf(path);
    if (kind === "file" && files.realPath(path) === place)
      throw new UsageError(`${output} is rendered itself`, "give another file with -o");
    if (kind !== "folder" || !isManifestName(place)) continue;
    const root = files.realPath(path);
    if (!place.startsWith(root.endsWith("/") ? root : `${root}/`)) continue;
    throw new UsageError(
      `${output} lies in ${path}: it could be committed, and would be rendered the next time`,
      "give -o FILE outside of it, or pipe the product on",
    );
  }
}
