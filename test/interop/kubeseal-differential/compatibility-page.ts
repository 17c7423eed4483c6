import { readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * The identifiers of the rows about the CLI in docs/compatibility.md: the first column, in backticks, of the tables below
 * headings that begin with "CLI".
 */
export function documentedDifferences(): string[] {
  const page = readFileSync(join(import.meta.dirname, "../../../docs/compatibility.md"), "utf8");
  const sections = page.split(/^## /m).filter((section) => section.startsWith("CLI"));
  return sections.flatMap((section) =>
    [...section.matchAll(/^\| `([a-z0-9-]+)` \|/gm)].map(([, id = ""]) => id),
  );
}
