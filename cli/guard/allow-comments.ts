/** What a comment says of what was found beside it. */
export type Allowance = { reason: string } | "no-reason";

/** By the command that they speak to. */
const COMMENTS = {
  guard: /(?:#|\/\/|;|--|\/\*)\s*signet-guard:\s*allow\b[ \t:]*(.*)$/,
  lint: /(?:#|\/\/|;|--|\/\*)\s*signet-lint:\s*allow\b[ \t:]*(.*)$/,
} as const;
const LONGEST_REASON = 300;
/** A line that holds a comment alone. */
const COMMENT_LINE = /^\s*(?:#|\/\/|;|--|<!--|\/\*|\{\{-?\s*\/\*)/;
const MARKER_LINE = /^(?:---(?:\s.*)?|\s*)$/;

/**
 * Finds `# signet-guard: allow REASON`, on a line or in the comment right above it. Above the first line of a document it
 * may stand before the `---`, too.
 * @param lines of the file.
 * @param places indices of lines, of which each one's comment counts.
 * @param documents indices of the first lines of documents.
 * @param command that the comment must speak to: `# signet-lint: allow REASON` is for lint.
 * @returns null when there is none; one without a reason counts only where there is no other.
 */
export function allowanceAt(
  lines: readonly string[],
  places: readonly number[],
  documents: ReadonlySet<number>,
  command: keyof typeof COMMENTS = "guard",
): Allowance | null {
  let found: Allowance | null = null;
  for (const place of places) {
    for (const line of commentLines(lines, place, documents.has(place))) {
      const said = COMMENTS[command].exec(line)?.[1];
      if (said === undefined) continue;
      const reason = said
        .slice(0, LONGEST_REASON)
        .replace(/\s*(?:-->|\*\/(?:\s*-?\}\})?)\s*$/, "")
        .trim();
      if (/\w\W*\w\W*\w/.test(reason)) return { reason };
      found = "no-reason";
    }
  }
  return found;
}

function* commentLines(lines: readonly string[], place: number, isDocument: boolean): Generator<string> {
  yield lines[place] ?? "";
  for (let at = place - 1; at >= 0; at--) {
    const line = lines[at] ?? "";
    if (!COMMENT_LINE.test(line) && !(isDocument && MARKER_LINE.test(line))) return;
    yield line;
  }
}

/** The index of the first line at or after one that is neither blank, nor a comment, nor a marker. */
export function firstContentLine(lines: readonly string[], from: number): number {
  for (let at = from; at < lines.length; at++) {
    const line = lines[at] ?? "";
    if (!COMMENT_LINE.test(line) && !MARKER_LINE.test(line)) return at;
  }
  return from;
}
