/** Width of a help page: fits a terminal of the usual size, and a quoted mail. */
export const PAGE_WIDTH = 80;

/** A headed part of a page, its lines indented by two. */
export function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0
    ? []
    : ["", `${title}:`, ...lines.map((line) => (line === "" ? "" : `  ${line}`))];
}

/** Breaks a text into lines at spaces. A word that is longer than a line stands alone. */
export function wrap(text: string, width: number = PAGE_WIDTH): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** Longest term that its meaning stands beside; a longer one gets a line of its own. */
const WIDEST_TERM = 26;
const GAP = 2;

/**
 * Terms at the left, their meanings at the right, for the inside of a section.
 * @param column where meanings begin; as near as the terms allow when not given.
 */
export function terms(
  rows: readonly (readonly [term: string, meaning: string])[],
  column?: number,
): string[] {
  const lengths = rows.map(([term]) => term.length).filter((length) => length <= WIDEST_TERM);
  const start = column ?? Math.max(0, ...lengths) + GAP;
  return rows.flatMap(([term, meaning]) => {
    const lines = wrap(meaning, PAGE_WIDTH - 2 - start);
    const [first = "", ...rest] = lines;
    const indented = (line: string) => `${" ".repeat(start)}${line}`;
    if (term.length + GAP > start) return [term, ...lines.map(indented)];
    return [`${term.padEnd(start)}${first}`, ...rest.map(indented)];
  });
}
