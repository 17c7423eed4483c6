import { FileError, InputError, SealError, UsageError } from "../../shared/errors.ts";
import { fileFailure } from "../file-failure.ts";
import type { Files, Io } from "../io.ts";
import { requireInRepository } from "../repository-links.ts";
import type { Generation } from "./generated-items.ts";

/**
 * Sees that the public part of what is kept lies where it is wanted: what is sealed does not give it.
 * @param where names the SealedSecret.
 * @throws InputError when nothing lies there.
 */
export function requireThere(
  output: string,
  where: string,
  { keys, publicPart }: Pick<Generation, "keys" | "publicPart">,
  files: Files,
): void {
  if (files.kindOf(output) !== null) return;
  throw new InputError(
    `${where} has ${keys.join(", ")} already, but the file for the ${publicPart}, ${output}, is not there`,
    `nothing was made, and what is sealed shows no ${publicPart}: take it from what signet unseal opens, where a key for it is at hand, or give --replace to make all anew`,
  );
}

/**
 * Sees that a public part can be written, before anything is made.
 * @param input the sealed file.
 * @throws FileError, UsageError.
 */
export function requireWritable(output: string, input: string, files: Files): void {
  if (/[\\/]$/.test(output) || files.kindOf(output) === "folder") {
    throw new FileError(`cannot write ${output}: it names a folder`, "name a file in it with -w");
  }
  requireInRepository(output, files);
  if (files.destination(output) === files.destination(input)) {
    throw new UsageError(`${output} is the sealed file itself`, "give another file with -w");
  }
  const folder = /^(.*)[\\/]/.exec(output)?.[1] ?? ".";
  if (folder !== "." && files.kindOf(folder === "" ? "/" : folder) !== "folder") {
    throw new FileError(
      `cannot write ${output}: there is no such folder`,
      "make it, or give another file with -w",
    );
  }
}

/**
 * Writes a public part and then the sealed file, so that a run that ends in between made nothing that counts: the next one
 * makes both anew. Each is written whole or not at all.
 * @throws FileError; where the sealed file cannot be written, the other has its former content, if it had any.
 */
export function writeBoth(
  { output, shown }: { output: string; shown: string },
  { path, write }: { path: string; write: () => void },
  { files }: Pick<Io, "files">,
): void {
  const before = files.kindOf(output) === "file" ? files.read(output) : null;
  put(output, shown, files);
  try {
    write();
  } catch (error) {
    if (before !== null) put(output, before, files);
    else if (error instanceof SealError) {
      throw new FileError(
        error.message,
        `${error.hint}; ${output} belongs to nothing that is sealed in ${path}: the next run makes it anew`,
        { cause: error },
      );
    }
    throw error;
  }
}

function put(output: string, content: string | Uint8Array, files: Files): void {
  try {
    files.replace(output, content);
  } catch (error) {
    throw fileFailure(
      `cannot write ${output}`,
      "check the folder and its permissions, or give another file with -w; nothing was sealed",
      error,
    );
  }
}
