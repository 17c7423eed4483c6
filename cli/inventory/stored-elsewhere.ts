import type { InventoryProblem } from "./sealed-object.ts";

/** How a pointer of Git LFS begins (git-lfs docs/spec.md), those of its first versions too. */
const LFS_POINTER = /^version https?:\/\/(?:git-lfs\.github\.com|hawser\.github\.com|git-media\.io)\/spec\//;
/** How a file begins that git-crypt encrypted. */
const GIT_CRYPT = "\0GITCRYPT\0";
const MOST_BEGINNING = 64;

/** Why what a file is for is not in it: a pointer, or a cover, stands in its place; null where it is there. */
export function whyStoredElsewhere(content: Uint8Array): Pick<InventoryProblem, "problem" | "next"> | null {
  const start = Buffer.from(content.subarray(0, MOST_BEGINNING)).toString("latin1");
  if (LFS_POINTER.test(start))
    return {
      problem: "Git LFS keeps its content, and only a pointer is here",
      next: "git lfs pull, and look at it by name",
    };
  if (start.startsWith(GIT_CRYPT))
    return { problem: "git-crypt encrypted it", next: "git-crypt unlock, and look at it by name" };
  return null;
}
