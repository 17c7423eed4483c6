import type { TextEditing } from "./editing/text-editing.ts";
import type { KeyServiceConnector } from "./key-services/connector.ts";

/** What a command may use of the world outside; tests give their own. */
export type Io = {
  /** Arguments after the program's name. */
  args: readonly string[];
  /** Name the program was called by: `signet`, `kubectl-signet`, `kubeseal`. */
  program: string;
  env: Readonly<Record<string, string | undefined>>;
  stdin: {
    isTerminal: boolean;
    /** Everything up to the end of the stream. */
    read(): Uint8Array;
  };
  stdout: Output;
  stderr: Output;
  files: Files;
  now(): Date;
  /** Asks a web server, following redirects, through the proxy of the environment. */
  fetch(
    url: string,
    init: { signal: AbortSignal; headers: Readonly<Record<string, string>> },
  ): Promise<Response>;
  /** How key services are reached, where it is not over the network. */
  keyServices?: KeyServiceConnector;
  /** Asks for a secret on the terminal, where it is not shown; null when there is none, or nothing is typed. */
  askSecret?(prompt: string): Promise<string | null>;
  /**
   * Runs a program of the user's own to its end, without a shell, with what this process reads and says errors on.
   * @param words the program and its arguments.
   * @returns what it printed; null when it could not be started, failed, or printed very much.
   */
  runProgram?(
    words: readonly string[],
    variables: Readonly<Record<string, string>>,
  ): Promise<Uint8Array | null>;
  /** Editors of the user's own, on files that are gone afterwards. */
  editing?(): Promise<TextEditing>;
  /**
   * Has something said when the program is interrupted, which then ends between two files, and never amid one.
   * @param lastWords says what is done by then, at once.
   * @returns what takes it back, once an interruption that came before has been heard.
   */
  whenInterrupted?(lastWords: () => void): Promise<() => Promise<void>>;
  /** Starts Git in the working folder. It reads what is there: no lock is taken, nothing is fetched. */
  git?(args: readonly string[]): Promise<GitProcess>;
};

/** A run of Git. What it says on standard error is nobody's: it may quote anything. */
export type GitProcess = {
  /** Standard output, piece by piece. */
  output: AsyncIterable<Uint8Array>;
  /** Its exit code; null when it could not be started, or was ended. */
  ended: Promise<number | null>;
  write(input: string): void;
  /** Ends its input. */
  end(): void;
};

/** A stream to write to. */
export type Output = { isTerminal: boolean; write(content: string | Uint8Array): void };

/** One name in a folder. */
export type FolderEntry = { name: string; kind: "file" | "folder" | "link" | "other" };

/** Who may read a file that is written. */
export type FileAccess = "as-before" | "owner-only";

/** Files, by path from the working folder. Failures carry the platform's `code`. */
export type Files = {
  read(path: string): Uint8Array;
  /**
   * Puts content in the place of a file, whole or not at all; a link stays and its target is replaced, the mode of an
   * existing file is kept, a new one is readable by its owner only. What is no regular file is written to as it is.
   * @param access `owner-only`: an existing file, too, is readable by its owner only afterwards. For plain secrets.
   */
  replace(path: string, content: string | Uint8Array, access?: FileAccess): void;
  /** Makes a new file that only its owner reads; `EEXIST` where something is there. */
  create(path: string, content: string): void;
  /** Removes a file, if it is there. */
  remove(path: string): void;
  /** Makes a folder and those above it, readable by their owner only. */
  makeFolder(path: string): void;
  /** What a path leads to, links followed; null when nothing is there. */
  kindOf(path: string): "file" | "folder" | "other" | null;
  /** What is in a folder, sorted by name; links are not followed. */
  list(folder: string): FolderEntry[];
  /** Where a path leads in the end, as an absolute path with slashes. */
  realPath(path: string): string;
  /** Where a file written to this path would lie, links followed, as `realPath` has it; nothing need be there yet. */
  destination(path: string): string;
  /** Files and folders that a pattern with `*`, `**`, `?`, `[…]` or `{…}` fits, sorted, with slashes. */
  glob(pattern: string): string[];
};
