/** Lines of a text that another version of it has otherwise: from `start` up to `end`, counted from 0. */
type Hunk = { start: number; end: number; other: string[] };

/**
 * A text with Git's conflict markers where other versions of it differ, each in one place.
 * @param text our version.
 * @param versions our version with one place as theirs has it, each.
 * @param together our version with all those places as theirs has them.
 */
export function conflictText(text: string, versions: readonly string[], together: string): string {
  const lines = linesOf(text);
  const hunks = versions.map((version) => hunkOf(lines, linesOf(version))).sort((a, b) => a.start - b.start);
  const overlap = hunks.some((hunk, index) => {
    const before = hunks[index - 1];
    return before !== undefined && hunk.start <= before.end;
  });
  const apart = overlap ? [hunkOf(lines, linesOf(together))] : hunks;
  const written: string[] = [];
  let done = 0;
  for (const { start, end, other } of apart) {
    written.push(...lines.slice(done, start), "<<<<<<< ours\n", ...whole(lines.slice(start, end)));
    written.push("=======\n", ...whole(other), ">>>>>>> theirs\n");
    done = end;
  }
  return [...written, ...lines.slice(done)].join("");
}

function hunkOf(lines: readonly string[], other: readonly string[]): Hunk {
  let start = 0;
  while (start < lines.length && start < other.length && lines[start] === other[start]) start++;
  let end = 0;
  const most = Math.min(lines.length, other.length) - start;
  while (end < most && lines[lines.length - 1 - end] === other[other.length - 1 - end]) end++;
  return { start, end: lines.length - end, other: other.slice(start, other.length - end) };
}

/** Each with its line break. */
function linesOf(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** Markers stand on lines of their own, also behind a last line that has no break. */
function whole(lines: readonly string[]): string[] {
  return lines.map((line) => (line.endsWith("\n") ? line : `${line}\n`));
}
