import { FileError } from "../shared/errors.ts";

const CAUSES: ReadonlyMap<string, string> = new Map([
  ["ENOENT", "no such file or directory"],
  ["EACCES", "permission denied"],
  ["EPERM", "operation not permitted"],
  ["EISDIR", "it is a directory"],
  ["EEXIST", "a file is where a folder must be"],
  ["ENOTDIR", "a part of its path is not a directory"],
  ["ENOSPC", "no space left on the device"],
  ["EROFS", "the file system is read-only"],
  ["ELOOP", "too many symbolic links"],
  ["ENAMETOOLONG", "its name is too long"],
  ["EDQUOT", "the disk quota is used up"],
  ["EIO", "input/output error"],
]);

/**
 * A failure of the file system in our words.
 * @param what what could not be done: `cannot read the certificate file cert.pem`.
 */
export function fileFailure(what: string, hint: string, error: unknown): FileError {
  const code = codeOf(error);
  return new FileError(`${what}: ${CAUSES.get(code) ?? code}`, hint, { cause: error });
}

/** The platform's code of a failure, `ENOENT` for one, or its class where it has none. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "unknown failure";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}
