import { InputError, UsageError } from "../../../shared/errors.ts";
import { fileFailure } from "../../file-failure.ts";
import type { Io } from "../../io.ts";

/** Far more than the keys of a thousand years take. */
const LONGEST = 64 * 1024 * 1024;

/**
 * The one file that is named, or standard input where none is.
 * @throws UsageError for more than one, for none at a terminal, and for more than any backup has; InputError for an empty
 *   one; FileError.
 */
export function backupInput(names: readonly string[], io: Io): { bytes: Uint8Array; where: string } {
  const [path, ...more] = names;
  if (more.length > 0)
    throw new UsageError("one backup at a time", "name one file, or give it on standard input");
  if (path === undefined && io.stdin.isTerminal)
    throw new UsageError("it is not said which backup", "name its file, or give it on standard input");
  const where = path ?? "standard input";
  const bytes = read(path, io);
  if (bytes.length === 0)
    throw new InputError(`${where} is empty`, "name the file of the backup, or give it on standard input");
  if (bytes.length > LONGEST)
    throw new UsageError(`${where} is too large for a backup of sealing keys`, "name another file");
  return { bytes, where };
}

function read(path: string | undefined, io: Io): Uint8Array {
  try {
    return path === undefined ? io.stdin.read() : io.files.read(path);
  } catch (error) {
    throw fileFailure(`cannot read ${path ?? "standard input"}`, "check the path and its permissions", error);
  }
}
