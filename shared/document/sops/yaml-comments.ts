import type { CST } from "yaml";
import { DocumentSyntaxError } from "../syntax-error.ts";
import type { SopsComment } from "./tree.ts";
import type { Layout } from "./yaml-tree-builder.ts";

/** A comment and the offset of its `#`. */
export type FoundComment = { at: number; text: string };

/**
 * The comments in a token and all below it, in their order.
 * @throws DocumentSyntaxError for one that go-yaml would see an end of.
 */
export function commentsOf(token: CST.Token): FoundComment[] {
  const found: FoundComment[] = [];
  gather(token, found);
  return found.sort((a, b) => a.at - b.at);
}

function gather(token: CST.Token | CST.CollectionItem | null | undefined, found: FoundComment[]): void {
  if (token === null || token === undefined) return;
  if ("type" in token && token.type === "comment") {
    // To go-yaml these end the line, and what follows is content.
    if (/[\u0085\u2028\u2029]/.test(token.source))
      throw new DocumentSyntaxError("a line separator (U+0085, U+2028, U+2029) in a comment", token.offset);
    found.push({ at: token.offset, text: token.source.slice(1) });
    return;
  }
  if ("props" in token) for (const prop of token.props) gather(prop, found);
  if ("start" in token && Array.isArray(token.start)) for (const part of token.start) gather(part, found);
  if ("key" in token) gather(token.key, found);
  if ("sep" in token) for (const part of token.sep ?? []) gather(part, found);
  if ("value" in token) gather(token.value, found);
  if ("items" in token) for (const item of token.items) gather(item, found);
  if ("end" in token) for (const part of token.end ?? []) gather(part, found);
}

/**
 * Puts comments into the tree. One on a line of its own belongs to the collection at whose indentation it stands, before
 * the part that follows; one behind a scalar belongs to that scalar, and so stands before it.
 * @param root the layout of the document's mapping; its tree is changed.
 */
export function placeComments(text: string, comments: readonly FoundComment[], root: Layout): void {
  const placed = new Map<Layout, Map<number, SopsComment[]>>();
  for (const comment of comments) {
    const { layout, before, isInline } = placeOf(text, comment, root);
    const byPart = placed.get(layout) ?? new Map<number, SopsComment[]>();
    placed.set(layout, byPart);
    const list = byPart.get(before) ?? [];
    byPart.set(before, list);
    list.push({ kind: "comment", text: comment.text, ...(isInline ? { isInline } : {}) });
  }
  for (const [{ target }, byPart] of placed) {
    const parts: unknown[] = target.kind === "map" ? target.entries : target.items;
    const among = parts.flatMap((part, index) => [...(byPart.get(index) ?? []), part]);
    parts.splice(0, parts.length, ...among, ...(byPart.get(parts.length) ?? []));
  }
}

/** The place before a part of a collection, by its index; their number stands for the place behind all. */
type Place = { layout: Layout; before: number; isInline: boolean };

function placeOf(text: string, { at }: FoundComment, root: Layout): Place {
  const column = columnOf(text, at);
  const isAlone = /^ *$/.test(text.slice(at - column, at));
  let layout = root;
  for (;;) {
    const next = partsBefore(layout, at);
    const index = next - 1;
    const part = layout.parts[index];
    if (part === undefined) return { layout, before: next, isInline: false };
    const inner = part.value;
    if (inner === null || inner.parts.length === 0) {
      // Behind an empty collection stock sops would take it for a part of that.
      return { layout, before: isAlone ? next : index, isInline: !isAlone && inner === null };
    }
    if (!isAlone && partsBefore(inner, at) === 0 && !inner.inFlow)
      return { layout, before: index, isInline: false };
    if (!reaches(inner, at, isAlone ? column : null, layout)) {
      // Behind a bracket that closes.
      return { layout, before: isAlone ? next : index, isInline: false };
    }
    layout = inner;
  }
}

/** How many parts of a collection begin before an offset. */
function partsBefore({ parts }: Layout, at: number): number {
  let [low, high] = [0, parts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((parts[middle]?.start ?? at) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Whether a comment lies in a collection that begins before it, or right before its first part. */
function reaches(inner: Layout, at: number, column: number | null, outer: Layout): boolean {
  if (inner.inFlow) return at < inner.end;
  const last = inner.parts.at(-1);
  if (last === undefined || at < last.start || column === null) return true;
  // A list may stand at the level of its key, and what follows at that level is the key's.
  return column >= inner.column && inner.column > outer.column;
}

function columnOf(text: string, at: number): number {
  return at - (text.lastIndexOf("\n", at - 1) + 1);
}
