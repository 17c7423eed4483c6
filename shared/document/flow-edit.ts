import type { NewEntries } from "./edit.ts";
import { indentBefore, lineBreakOf, lineEnd, lineStart, nextLine, type Splice } from "./splice.ts";
import type { Collection, Entry, Held } from "./syntax-tree.ts";
import type { DocumentFormat } from "./write-documents.ts";
import { yamlInline } from "./yaml-scalar.ts";

/** How the entries of a collection in flow style are laid out; `indent` is null where they share a line. */
type Layout = {
  strings: "double" | "plain";
  format: DocumentFormat;
  colon: string;
  comma: string;
  indent: string | null;
  step: string;
  lineBreak: string;
};

/** Adds entries to a map in flow style, JSON included, or to what stands in its place: nothing, `null` or `{}`. */
export function addToFlow(text: string, held: Held, entries: NewEntries, format: DocumentFormat): Splice[] {
  const { node } = held;
  const last = node.kind === "map" ? node.entries.at(-1) : undefined;
  if (node.kind === "map" && last !== undefined) {
    return addAfter(text, node, last, entries, layoutOf(text, node, last, format));
  }
  const around = held.parent === null ? null : (held.parent.node as Collection);
  const sibling = held.entry;
  const outer =
    around === null || sibling === null ? plainLayout(text, format) : layoutOf(text, around, sibling, format);
  const written = writeMap(entries, outer);
  if (node.kind !== "nothing") return [{ start: node.start, end: node.end, text: written }];
  const hasColon = sibling === null || sibling.valueAt > sibling.keyEnd;
  return [{ start: node.start, end: node.end, text: `${hasColon ? " " : ": "}${written}` }];
}

function addAfter(text: string, map: Collection, last: Entry, entries: NewEntries, layout: Layout): Splice[] {
  const { indent, lineBreak } = layout;
  const comma = map.lastComma === null ? [{ start: last.end, end: last.end, text: "," }] : [];
  const after = map.lastComma === null ? last.end : map.lastComma + 1;
  const written = [...entries].map(([key, value]) => writeEntry(key, value, layout));
  const closing = map.lastComma === null ? "" : ",";
  if (indent === null) {
    const gap = layout.comma.slice(1);
    return [...comma, { start: after, end: after, text: gap + written.join(layout.comma) + closing }];
  }
  const rest = text.slice(after, lineEnd(text, after));
  const at = /^[ \t]*(?:#.*)?$/.test(rest) ? after + rest.trimEnd().length : after;
  const lines = written.map((entry) => `${lineBreak}${indent}${entry}`).join(",");
  return [...comma, { start: at, end: at, text: lines + closing }];
}

function layoutOf(text: string, collection: Collection, entry: Entry, format: DocumentFormat): Layout {
  const lineBreak = lineBreakOf(text);
  const [first, second] = collection.entries;
  const indent = indentBefore(text, entry.start);
  const quoted =
    format === "json" || (collection.kind === "map" && collection.entries.every((each) => each.quoted));
  const gap = collection.kind === "map" ? text.slice(entry.keyEnd, entry.value.start) : ": ";
  const isGap = quoted && /^[ \t]*:[ \t]*$/.test(gap);
  const between =
    first === undefined || second === undefined
      ? ""
      : text.slice((second.comma ?? first.end) + 1, second.start);
  const isTight = first !== undefined && second !== undefined ? between === "" : gap === ":";
  return {
    strings: quoted ? "double" : "plain",
    format,
    colon: isGap ? gap : ": ",
    comma: isTight && quoted ? "," : ", ",
    indent:
      entry.start > collection.start && indent !== null && lineStart(text, entry.start) > collection.start
        ? indent
        : null,
    step: stepOf(text, collection, indent),
    lineBreak,
  };
}

function plainLayout(text: string, format: DocumentFormat): Layout {
  const strings = format === "json" ? "double" : "plain";
  return {
    strings,
    format,
    colon: ": ",
    comma: ", ",
    indent: null,
    step: "  ",
    lineBreak: lineBreakOf(text),
  };
}

/** By how much entries stand further in than the bracket that closes their collection. */
function stepOf(text: string, collection: Collection, indent: string | null): string {
  const closing = indentBefore(text, collection.end - 1);
  if (indent === null || closing === null || !indent.startsWith(closing)) return "  ";
  return indent.slice(closing.length) || "  ";
}

function writeEntry(key: string, value: string | NewEntries, layout: Layout): string {
  const written = typeof value === "string" ? writeString(value, layout) : writeMap(value, layout);
  return `${writeString(key, layout)}${layout.colon}${written}`;
}

function writeString(text: string, { format, strings }: Layout): string {
  return format === "json" ? JSON.stringify(text) : yamlInline(text, strings, true);
}

/** A map inside a collection of this layout: over several lines if its neighbours stand on lines of their own. */
function writeMap(entries: NewEntries, layout: Layout): string {
  const { indent, step, lineBreak, comma } = layout;
  if (entries.size === 0) return "{}";
  const inner = indent === null ? layout : { ...layout, indent: indent + step };
  const written = [...entries].map(([key, value]) => writeEntry(key, value, inner));
  if (indent === null) return `{${written.join(comma)}}`;
  const lines = written.map((entry) => `${lineBreak}${indent}${step}${entry}`).join(",");
  return `{${lines}${lineBreak}${indent}}`;
}

/** Removes an entry of a map or list in flow style, with the comma that goes with it. */
export function removeFromFlow(text: string, held: Held, entry: Entry): Splice[] {
  const collection = held.node as Collection;
  const index = collection.entries.indexOf(entry);
  const [before, next] = [collection.entries[index - 1], collection.entries[index + 1]];
  if (before === undefined && next === undefined) {
    const inner = text.slice(collection.start + 1, collection.end - 1);
    const isBare = !inner.includes("#");
    return [
      isBare ? { start: collection.start + 1, end: collection.end - 1, text: "" } : { ...entry, text: "" },
    ];
  }
  const commaAfter = next === undefined ? collection.lastComma : next.comma;
  const end = commaAfter === null ? entry.end : commaAfter + 1;
  const commaBefore =
    commaAfter === null && entry.comma !== null
      ? [{ start: entry.comma, end: entry.comma + 1, text: "" }]
      : [];
  const ownLines =
    indentBefore(text, entry.start) !== null &&
    /^[ \t]*(?:#.*)?\r?$/.test(text.slice(end, lineEnd(text, end)));
  if (ownLines)
    return [...commaBefore, { start: lineStart(text, entry.start), end: nextLine(text, end), text: "" }];
  if (next !== undefined) return [{ start: entry.start, end: next.start, text: "" }];
  const from = entry.comma ?? entry.start;
  const leads = indentBefore(text, from) !== null;
  return [{ start: leads ? lineEnd(text, lineStart(text, from) - 1) : from, end: entry.end, text: "" }];
}
