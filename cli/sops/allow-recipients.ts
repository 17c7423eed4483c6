import { InputError, UsageError } from "../../shared/errors.ts";
import type { Io } from "../io.ts";
import { readProjectFile } from "./project-file.ts";
import { acceptRecipients, forgetRecipients } from "./recipient-record.ts";

/**
 * `signet allow recipients FILE`: accepts whom the rules of a `.sops.yaml` encrypt for, as they are now.
 * @param isRemoval forgets the file instead, so that its next use is its first.
 * @returns lines that tell what was accepted.
 * @throws UsageError for anything but one file; InputError when it is none, or nothing of it was accepted.
 */
export function allowRecipients([path, ...more]: readonly string[], isRemoval: boolean, io: Io): string[] {
  if (path === undefined || more.length > 0)
    throw new UsageError(
      path === undefined ? "recipients of which file?" : "one file is accepted at a time",
      "write signet allow recipients FILE, such as .sops.yaml",
    );
  if (!isRemoval) return acceptRecipients(readProjectFile(path, io), io);
  // It may be gone by now.
  if (!forgetRecipients(io.files.destination(path), io))
    throw new InputError(`no recipients of ${path} are accepted`, "signet allow lists what is");
  return [];
}
