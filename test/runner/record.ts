import { relative } from "node:path";
import type { Timed } from "./slowest.ts";
import { type Tally, total } from "./tally.ts";

/** Characters of what a failed test said that stand beside its name: whoever has only the end of a log can begin with that. */
const SAID_LENGTH = 600;

/** A line of JSON that `reporter.ts` writes; files are paths as Node tells them. */
export type RecordLine =
  | { kind: "file"; file: string; milliseconds: number }
  | { kind: "failure"; file: string; names: string[]; cancelled: boolean; said?: string }
  | ({ kind: "counts" } & Tally);

/** What is kept of a run: its counts, or null where it broke off; how long each file's process ran; its failed tests, a line each. */
export type RunRecord = { tally: Tally | null; files: Timed[]; failures: string[] };

/**
 * Reads what `reporter.ts` wrote, so far as it came.
 * @param root files are named from here.
 * @returns failures as "FILE: SUITE > TEST (what it said)"; a file that did not get as far as its tests stands by itself.
 */
export function readRecord(text: string, root: string): RunRecord {
  const lines = text.split("\n").flatMap((line) => parsed(line) ?? []);
  const failed = lines.filter((line) => line.kind === "failure");
  const because = new Set(failed.filter(({ cancelled }) => !cancelled).map(({ file }) => file));
  const counts = lines.findLast((line) => line.kind === "counts");
  return {
    tally: counts === undefined ? null : total([counts]),
    files: lines.flatMap((line) =>
      line.kind === "file" ? [{ name: line.file, milliseconds: line.milliseconds }] : [],
    ),
    failures: failed
      // A broken hook cancels every test of its suite: the hook's line says it all.
      .filter(({ file, cancelled }) => !cancelled || !because.has(file))
      .map(({ file, names, said }) => {
        const what = [relative(root, file), names.join(" > ")].filter(Boolean).join(": ");
        return inOneLine(said === undefined ? what : `${what} (${inOneLine(said).slice(0, SAID_LENGTH)})`);
      }),
  };
}

function inOneLine(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

/** @returns null for an empty line, and for one of which a run that was killed wrote the beginning only. */
function parsed(line: string): RecordLine | null {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
