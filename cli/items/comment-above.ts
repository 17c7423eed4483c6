import { entriesOn, parseSyntax } from "../../shared/document/syntax-tree.ts";
import type { MergeTarget } from "../merge-target.ts";

/**
 * Whether a comment stands right above an item, with no blank line between: likely about it, though it may head those below too.
 * @param target as it is in its file's document now, with the item.
 */
export function hasCommentAbove({ file, index }: MergeTarget, item: string): boolean {
  const document = file.document.documents[index];
  if (document === undefined) return false;
  const text = file.document.text.slice(document.start, document.end);
  const root = parseSyntax(text);
  if (root === null) return false;
  const within = document.list === undefined ? [] : ["items", document.list];
  const path = [...within, "spec", "encryptedData", item];
  const entry = entriesOn(root, path)[path.length - 1];
  if (entry === undefined) return false;
  const [own = "", above = ""] = text.slice(0, entry.start).split(/\r?\n/).reverse();
  return own.trim() === "" && above.trim().startsWith("#");
}
