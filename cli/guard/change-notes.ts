import { positionOf } from "../../shared/document/syntax-error.ts";
import { changesBetween } from "./changes.ts";
import { fileText } from "./file-text.ts";
import type { Finding } from "./finding.ts";
import type { Store } from "./look.ts";
import { RULES } from "./rules.ts";

/** Two versions of a file, by their names in a store. */
export type Versions = { path: string; before: string; after: string };

const MANIFEST = /\.(?:ya?ml|json)$/i;

/** Notes on what differs between versions of manifests that reviewers should know of. */
export async function changeNotes(
  versions: readonly Versions[],
  store: Store,
  show: (path: string) => string = (path) => path,
): Promise<Finding[]> {
  const compared = versions.filter(({ path }) => MANIFEST.test(path));
  const names = compared.flatMap(({ before, after }) => [before, after]);
  const notes: Finding[] = [];
  let before = "";
  await store(names, (content, index) => {
    const text = (content === null || content.isCut ? null : fileText(content.bytes)) ?? "";
    if (index % 2 === 0) {
      before = text;
      return;
    }
    const { path } = compared[(index - 1) / 2] ?? { path: "" };
    for (const { rule, at, object, what } of changesBetween(path, before, text)) {
      const { line } = positionOf(text, at);
      const { next } = RULES[rule];
      notes.push({
        rule,
        level: "note",
        path: show(path),
        uri: path,
        line,
        commit: null,
        object,
        item: null,
        what,
        next,
      });
    }
  });
  return notes;
}
