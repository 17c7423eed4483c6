import { type Entry, parseSyntax, type SyntaxNode } from "../../shared/document/syntax-tree.ts";
import type { MergeTarget } from "../merge-target.ts";

/**
 * Whether a comment stands right above an item, with no blank line between: likely about it, though it may head those below too.
 * @param target as it is in its file's document now, with the item.
 */
export function hasCommentAbove({ file, index }: MergeTarget, item: string): boolean {
  const document = file.document.documents[index];
  if (document === undefined) return false;
  const text = file.document.text.slice(document.start, document.end);
  const within = document.list === undefined ? [] : ["items", document.list];
  const entry = entryAt(parseSyntax(text), [...within, "spec", "encryptedData", item]);
  if (entry === null) return false;
  const [own = "", above = ""] = text.slice(0, entry.start).split(/\r?\n/).reverse();
  return own.trim() === "" && above.trim().startsWith("#");
}

function entryAt(root: SyntaxNode | null, path: readonly (string | number)[]): Entry | null {
  let node: SyntaxNode | undefined = root ?? undefined;
  let entry: Entry | undefined;
  for (const key of path) {
    if (node?.kind !== "map" && node?.kind !== "list") return null;
    entry = node.entries.find((one) => one.key === key);
    node = entry?.value;
  }
  return entry ?? null;
}
