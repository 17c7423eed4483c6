import { equalBytes } from "../../bytes.ts";
import type { SopsComment, SopsEntry, SopsNode } from "./tree.ts";

/** Whether two trees hold the same, comments and order included. */
export function isSameTree(
  a: SopsNode | SopsEntry | SopsComment,
  b: SopsNode | SopsEntry | SopsComment,
): boolean {
  switch (a.kind) {
    case "map":
      return b.kind === a.kind && areSameTrees(a.entries, b.entries);
    case "list":
      return b.kind === a.kind && areSameTrees(a.items, b.items);
    case "entry":
      return b.kind === a.kind && a.key === b.key && isSameTree(a.value, b.value);
    case "comment":
      return b.kind === a.kind && a.text === b.text && a.isInline === b.isInline;
    case "str":
      return b.kind === a.kind && equalBytes(a.bytes, b.bytes);
    case "time":
      return b.kind === a.kind && a.text === b.text;
    case "null":
      return b.kind === a.kind;
    default:
      return b.kind === a.kind && Object.is(a.value, b.value);
  }
}

/** Whether two sequences of trees are the same, one by one. */
export function areSameTrees(
  a: readonly (SopsNode | SopsEntry | SopsComment)[],
  b: readonly (SopsNode | SopsEntry | SopsComment)[],
): boolean {
  return (
    a.length === b.length &&
    a.every((tree, index) => {
      const other = b[index];
      return other !== undefined && isSameTree(tree, other);
    })
  );
}
