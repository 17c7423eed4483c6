import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../interop/fixtures/templates");

/** One template of the corpus (test/interop/fixtures/templates/README.md). */
export type CorpusRow = {
  /** Function or construct it stands for. */
  covers: string;
  source: string;
  /** As `strings.txt:12`. */
  place: string;
};

/**
 * Reads every row of the corpus.
 * @throws Error for a row before the first heading.
 */
export function readCorpus(): CorpusRow[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".txt"));
  return files.sort().flatMap((file) => {
    let covers: string | null = null;
    const rows: CorpusRow[] = [];
    for (const [at, line] of readFileSync(join(folder, file), "utf8").split("\n").entries()) {
      const heading = /^# (?<name>\S+)$/.exec(line)?.groups?.["name"];
      if (heading !== undefined) covers = heading;
      else if (line !== "") {
        if (covers === null) throw new Error(`${file}:${at + 1} stands before the first heading`);
        rows.push({ covers, source: line.replaceAll("⏎", "\n"), place: `${file}:${at + 1}` });
      }
    }
    return rows;
  });
}
