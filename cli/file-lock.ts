import { FileError } from "../shared/errors.ts";
import { codeOf, fileFailure } from "./file-failure.ts";
import type { Files } from "./io.ts";

const PAUSE_MS = 20;
/** Looks at a lock that stays as it is until it counts as left over: five seconds. */
const LOOKS_UNTIL_STALE = 250;
/** Looks at locks that come and go: half a minute. */
const LOOKS = 1500;

/** What the locks need of the file system. */
type LockFiles = Pick<Files, "read" | "create" | "remove" | "kindOf" | "destination">;

/**
 * Does what reads and then replaces a file as the only one of the processes that do so by this function. The lock is a file beside it,
 * `FILE.lock`, with a token of its holder's own. One that was left over by a process which was killed has a successor: the file
 * `FILE.lock.TOKEN`, which only one can make; the lock is whoever's the last of these is.
 * @param pause waits between two looks at a lock that another holds.
 * @throws FileError naming the lock that cannot be had; what the file system and `work` throw.
 */
export function withLock<Result>(
  path: string,
  files: LockFiles,
  work: () => Result,
  pause: () => void = sleep,
): Result {
  const target = files.destination(path);
  // Of a device, which is written to as it is, nothing can be lost.
  if (files.kindOf(target) === "other") return work();
  const token = crypto.randomUUID();
  const chain = take(`${target}.lock`, token, files, pause);
  try {
    return work();
  } finally {
    release(chain, token, files);
  }
}

/** @returns the files that the lock consists of, ours the last. */
function take(lock: string, token: string, files: LockFiles, pause: () => void): string[] {
  let last: string | undefined;
  let looksAtLast = 0;
  for (let look = 0; look < LOOKS; look++) {
    const holders = holdersOf(lock, files);
    looksAtLast = holders.at(-1) === last ? looksAtLast + 1 : 1;
    last = holders.at(-1);
    if (last === undefined || looksAtLast > LOOKS_UNTIL_STALE) {
      const own = last === undefined ? lock : `${lock}.${last}`;
      if (isMade(own, token, files)) {
        // The first file goes first: where it is another by now, so is the whole lock, and ours succeeds to nothing.
        if (last === undefined || holdersOf(lock, files)[0] === holders[0])
          return [lock, ...holders.map((holder) => `${lock}.${holder}`)];
        files.remove(own);
      }
      looksAtLast = 0;
    }
    pause();
  }
  throw new FileError(
    `${lock} is held by other processes all the time`,
    "try again when they are done; where none is running, remove it",
  );
}

/** Gives the lock back, unless it went to another while this process was stopped. */
function release(chain: readonly string[], token: string, files: LockFiles): void {
  const [lock = ""] = chain;
  if (holdersOf(lock, files).at(-1) !== token) return;
  for (const name of chain) files.remove(name);
}

/** The tokens of a lock and its successors, in turn. */
function holdersOf(lock: string, files: LockFiles): string[] {
  const holders: string[] = [];
  for (let name = lock; ; ) {
    const text = textOf(name, files);
    if (text === null) return holders;
    // Its maker was killed before it had written anything, or the machine stopped.
    const holder = /^[0-9a-f-]{36}$/.test(text) ? text : `${holders.length}`;
    holders.push(holder);
    name = `${lock}.${holder}`;
  }
}

function textOf(name: string, files: LockFiles): string | null {
  try {
    return new TextDecoder().decode(files.read(name));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw fileFailure(`cannot read ${name}`, "remove it, unless another signet is running", error);
  }
}

function isMade(name: string, token: string, files: LockFiles): boolean {
  try {
    files.create(name, token);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/** Waits with the whole process, as reading and writing files do. */
function sleep(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE_MS);
}
