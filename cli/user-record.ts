import { fromUtf8 } from "../shared/bytes.ts";
import { InputError, SealError } from "../shared/errors.ts";
import { codeOf, fileFailure } from "./file-failure.ts";
import { withLock } from "./file-lock.ts";
import type { Io } from "./io.ts";

/** A file in which this user's own decisions stand, as JSON: one field with all of them. */
export type UserRecord<Content> = {
  /** Its name: `pins.json`. */
  file: string;
  /** What it holds, in errors and as its field: `pins`. */
  field: string;
  /** Who writes it, and what, in errors: `a list of pins as signet writes it`. */
  what: string;
  /** What to do once a damaged one is removed: `accept the pins again`. */
  next: string;
  /** Judges the field. @returns null for what was not written so. */
  parse(field: unknown): Content | null;
};

const FOLDERS = {
  config: ["XDG_CONFIG_HOME", ".config"],
  state: ["XDG_STATE_HOME", ".local/state"],
} as const;

/**
 * Where a file of this user's lies by the XDG base directory rules, in the folder for configuration or that for state.
 * @returns null where there is no home folder: pipelines may run without one.
 */
export function userFile(kind: keyof typeof FOLDERS, file: string, { env }: Pick<Io, "env">): string | null {
  const [variable, below] = FOLDERS[kind];
  const folder = env[variable];
  // The rules say that a relative path there is to be ignored.
  if (folder?.startsWith("/") === true) return `${folder}/signet/${file}`;
  const home = env["HOME"] || env["LOCALAPPDATA"];
  return home ? `${home.replaceAll("\\", "/")}/${below}/signet/${file}` : null;
}

/** Where a record lies; null where there is no place for one. */
export function recordPath({ file }: Pick<UserRecord<unknown>, "file">, io: Pick<Io, "env">): string | null {
  return userFile("config", file, io);
}

/**
 * Reads a record.
 * @returns null where it is not there.
 * @throws FileError, InputError naming the file when it is there and cannot be used: what it says must not be passed over.
 */
export function readRecord<Content>(
  path: string,
  { field, what, next, parse }: UserRecord<Content>,
  io: Pick<Io, "files">,
): Content | null {
  let bytes: Uint8Array;
  try {
    bytes = io.files.read(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw fileFailure(`cannot read ${path}`, "check its permissions", error);
  }
  const content = parse(fieldOf(fromUtf8(bytes) ?? "", field));
  if (content !== null) return content;
  throw new InputError(`${path} is not ${what}`, `correct it, or remove it and ${next}`);
}

/**
 * Changes a record, readable by its owner only, as it stands right then: other processes may have changed it since it was read.
 * @param change makes the new content of the old one, null where there is no record.
 * @returns the new content.
 * @throws FileError when it cannot be written, or its lock cannot be had; what `readRecord` throws.
 */
export function changeRecord<Content>(
  path: string,
  record: UserRecord<Content>,
  change: (content: Content | null) => Content,
  io: Pick<Io, "files">,
): Content {
  try {
    io.files.makeFolder(path.slice(0, path.lastIndexOf("/")));
    return withLock(path, io.files, () => {
      const content = change(readRecord(path, record, io));
      io.files.replace(path, `${JSON.stringify({ [record.field]: content }, null, 2)}\n`, "owner-only");
      return content;
    });
  } catch (error) {
    if (error instanceof SealError) throw error;
    throw fileFailure(`cannot write ${path}`, "check the folder and its permissions", error);
  }
}

/** Whether a value of JSON is a map. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function fieldOf(text: string, field: string): unknown {
  try {
    const parsed: unknown = JSON.parse(text);
    return isMap(parsed) ? parsed[field] : null;
  } catch {
    return null;
  }
}
