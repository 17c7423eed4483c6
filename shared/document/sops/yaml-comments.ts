import type { CST } from "yaml";
import type { SopsComment } from "./tree.ts";
import type { Layout } from "./yaml-tree-builder.ts";

/** A comment and the offset of its `#`. */
export type FoundComment = { at: number; text: string };

/** The comments in a token and all below it, in their order. */
export function commentsOf(token: CST.Token): FoundComment[] {
  const found: FoundComment[] = [];
  gather(token, found);
  return found.sort((a, b) => a.at - b.at);
}

function gather(token: CST.Token | CST.CollectionItem | null | undefined, found: FoundComment[]): void {
  if (token === null || token === undefined) return;
  if ("type" in token && token.type === "comment") {
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
  const placed = new Map<Layout, { before: number; comment: SopsComment }[]>();
  for (const comment of comments) {
    const place = placeOf(text, comment, root);
    const list = placed.get(place.layout) ?? [];
    if (list.length === 0) placed.set(place.layout, list);
    list.push({
      before: place.before,
      comment: { kind: "comment", text: comment.text, ...(place.isInline ? { isInline: true } : {}) },
    });
  }
  for (const [{ target }, list] of placed) {
    const parts: unknown[] = target.kind === "map" ? target.entries : target.items;
    const merged = parts.splice(0).flatMap((part, index) => [...commentsBefore(list, index), part]);
    parts.push(...merged, ...commentsBefore(list, Number.POSITIVE_INFINITY));
  }
}

function commentsBefore(
  list: readonly { before: number; comment: SopsComment }[],
  index: number,
): SopsComment[] {
  return list.flatMap(({ before, comment }) => (before === index ? [comment] : []));
}

type Place = { layout: Layout; before: number; isInline: boolean };

function placeOf(text: string, { at }: FoundComment, root: Layout): Place {
  const column = columnOf(text, at);
  const isAlone = /^ *$/.test(text.slice(at - column, at));
  let layout = root;
  for (;;) {
    const index = layout.parts.findLastIndex(({ start }) => start < at);
    const part = layout.parts[index];
    const next = index + 1 < layout.parts.length ? index + 1 : Number.POSITIVE_INFINITY;
    if (part === undefined) return { layout, before: next, isInline: false };
    const inner = part.value;
    if (inner === null) return { layout, before: isAlone ? next : index, isInline: !isAlone };
    if (!isAlone && inner.start > at) return { layout, before: index, isInline: false };
    if (!reaches(text, inner, at, isAlone ? column : null, layout)) {
      // Behind a bracket that closes.
      return { layout, before: isAlone ? next : index, isInline: false };
    }
    layout = inner;
  }
}

/** Whether a comment lies in a collection that begins before it, or right before its first part. */
function reaches(text: string, inner: Layout, at: number, column: number | null, outer: Layout): boolean {
  if (inner.inFlow) return at < inner.end;
  const last = inner.parts.at(-1);
  if (last === undefined || at < last.start || column === null) return true;
  const own = columnOf(text, inner.start);
  // A list may stand at the level of its key, and what follows at that level is the key's.
  return own > columnOf(text, outer.start) ? column >= own : false;
}

function columnOf(text: string, at: number): number {
  return at - (text.lastIndexOf("\n", at - 1) + 1);
}
