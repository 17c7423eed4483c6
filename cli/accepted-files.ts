import { FileError } from "../shared/errors.ts";
import type { Io } from "./io.ts";
import { changeRecord, isMap, readRecord, recordPath, type UserRecord } from "./user-record.ts";

/** The record of one kind of thing that this user accepts of files: `{FILE: entry}`. */
export type AcceptedRecord<Entry> = {
  /**
   * Reads it.
   * @returns null where there is no place for a record.
   * @throws FileError, InputError for one that cannot be used: what it says must not be passed over.
   */
  open(io: Io): AcceptedFiles<Entry> | null;
  /** The same. @throws FileError where there is no place for one, too. */
  require(io: Io): AcceptedFiles<Entry>;
};

/**
 * What such a record held when it was opened, or last changed through this. What changes it goes by what it holds right then, which other
 * processes may have changed since, and throws FileError, InputError where it cannot be written, or not be used any more.
 */
export type AcceptedFiles<Entry> = {
  /** What was accepted of a file; undefined for nothing. */
  of(file: string): Entry | undefined;
  /** The files of which anything was accepted, in order of their paths. */
  paths(): string[];
  /** Puts something in the place of what was accepted of a file. @param entryOf makes it of that; undefined for nothing. */
  accept(file: string, entryOf: (known: Entry | undefined) => Entry): void;
  /** Leaves a file out. @returns false when nothing of it was recorded. */
  forget(file: string): boolean;
};

/**
 * The record of what this user accepts of files.
 * @param things what he accepts, which names the file and its field: `pins` for `pins.json`.
 * @param isEntry judges what the record holds of one file.
 */
export function acceptedRecord<Entry>(
  things: string,
  isEntry: (entry: unknown) => entry is Entry,
): AcceptedRecord<Entry> {
  const record: UserRecord<Record<string, Entry>> = {
    file: `${things}.json`,
    field: things,
    what: `a list of ${things} as signet writes it`,
    next: `accept the ${things} again`,
    parse: (field) => (isMapOf(field, isEntry) ? field : null),
  };
  const open = (io: Io): AcceptedFiles<Entry> | null => {
    const path = recordPath(record, io);
    if (path === null) return null;
    const entries = readRecord(path, record, io) ?? {};
    return filesOf(entries, (change) => changeRecord(path, record, (now) => change(now ?? {}), io));
  };
  return {
    open,
    require(io) {
      const files = open(io);
      if (files !== null) return files;
      throw new FileError("there is no folder for what you accept", "set HOME, or XDG_CONFIG_HOME");
    },
  };
}

/** Whether a value of JSON is a map of such entries. */
export function isMapOf<Entry>(
  value: unknown,
  isEntry: (entry: unknown) => entry is Entry,
): value is Record<string, Entry> {
  return isMap(value) && Object.values(value).every(isEntry);
}

/** What a map holds under a name that is anybody's text, `constructor` among them; undefined for nothing. */
export function ownOf<Value>(held: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(held, name) ? held[name] : undefined;
}

function filesOf<Entry>(
  opened: Readonly<Record<string, Entry>>,
  write: (change: (now: Record<string, Entry>) => Record<string, Entry>) => Record<string, Entry>,
): AcceptedFiles<Entry> {
  let entries = opened;
  return {
    of: (file) => ownOf(entries, file),
    paths: () => Object.keys(entries).toSorted(),
    accept(file, entryOf) {
      entries = write((now) => ({ ...now, [file]: entryOf(ownOf(now, file)) }));
    },
    forget(file) {
      if (!Object.hasOwn(entries, file)) return false;
      entries = write(({ [file]: _, ...others }) => others);
      return true;
    },
  };
}
