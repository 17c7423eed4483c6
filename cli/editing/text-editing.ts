/** A text to be changed by the user, in an editor of his own. */
export type EditRequest = {
  /** Plain secrets: it lies in a file while it is edited, and nowhere else. */
  text: string;
  /** Name of that file: `db.yaml`. */
  fileName: string;
  /** The editor and its arguments, the file's path left out. */
  command: readonly string[];
  /** Variables to set for it. */
  variables: Readonly<Record<string, string>>;
  /** Whether the file may lie on a disk where there is no folder in memory. */
  allowDisk: boolean;
};

/** What came of it. */
export type Edited =
  | { kind: "edited"; content: Uint8Array }
  /** There is no folder that lies in memory, and a disk was not allowed. */
  | { kind: "no-memory" }
  /** The private folder or file could not be made, or not be read afterwards; `code` is the platform's. */
  | { kind: "no-file"; code: string }
  | { kind: "not-started"; code: string }
  /** The editor failed; `code` is null where a signal ended it. */
  | { kind: "failed"; code: number | null };

/** Editors of the user's own, on files that only he can read and that are gone afterwards. */
export type TextEditing = {
  edit(request: EditRequest): Promise<Edited>;
  /** The path of the file that a program's name leads to, links followed; the name itself where none is found. */
  programAt(name: string): string;
  /** Private folders that runs left behind which were killed. */
  leftOvers(): string[];
};
