import { spawn } from "node:child_process";
import type { GitProcess } from "./io.ts";

/** What keeps Git from taking locks, from asking anybody, and from fetching what a partial clone lacks. */
const READING_ONLY = {
  GIT_OPTIONAL_LOCKS: "0",
  GIT_TERMINAL_PROMPT: "0",
  GIT_NO_LAZY_FETCH: "1",
  GIT_ALLOW_PROTOCOL: "none",
};

/**
 * Starts Git. In a hook, the environment says which index and which objects count, so all of it is passed on.
 * @param folder working folder; this process's when not given.
 */
export function startGit(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  folder?: string,
): GitProcess {
  const child = spawn("git", args, {
    env: { ...env, ...READING_ONLY },
    ...(folder === undefined ? {} : { cwd: folder }),
    stdio: ["pipe", "pipe", "ignore"],
    windowsHide: true,
  });
  // It may end before it has read everything.
  child.stdin.on("error", () => {});
  const ended = new Promise<number | null>((resolve) => {
    child.on("error", () => resolve(null));
    child.on("close", resolve);
  });
  return {
    output: child.stdout,
    ended,
    write: (input) => void child.stdin.write(input),
    end: () => void child.stdin.end(),
  };
}
