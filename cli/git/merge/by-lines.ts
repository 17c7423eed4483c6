import { concat } from "../../../shared/bytes.ts";
import { FileError } from "../../../shared/errors.ts";
import type { Io } from "../../io.ts";
import type { LineMerge } from "./merge-files.ts";

/** Exit codes above say that Git could not do it. */
const MOST_CONFLICTS = 127;

/**
 * Merges three files by lines, as Git does without a driver.
 * @throws FileError when Git cannot do it, as with files that are no text.
 */
export async function mergedByLines(
  { base, ours, theirs }: { base: string; ours: string; theirs: string },
  io: Io,
): Promise<LineMerge> {
  const labels = ["-L", "ours", "-L", "base", "-L", "theirs"];
  const run = await io.git?.(["merge-file", "-p", ...labels, "--", ours, base, theirs]);
  run?.end();
  const pieces: Uint8Array[] = [];
  if (run !== undefined) for await (const piece of run.output) pieces.push(piece);
  const code = (await run?.ended) ?? null;
  if (code !== null && code <= MOST_CONFLICTS) return { bytes: concat(...pieces), isClean: code === 0 };
  throw new FileError("Git could not merge the file by lines", "take one of its versions as it is");
}
