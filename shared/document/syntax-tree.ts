import { CST, Parser } from "yaml";
import type { Quoting } from "./yaml-scalar.ts";

/** A node of a document and where it stands: offsets into the text, anchors and tags before it left out. */
export type SyntaxNode =
  | { kind: "scalar"; start: number; end: number; quoting: Quoting; text: string }
  /** A literal or folded scalar: its header (`|`, `>-`) ends at `headerEnd`, its lines begin at `bodyStart`. */
  | { kind: "block-scalar"; start: number; end: number; headerEnd: number; bodyStart: number }
  | { kind: "alias"; start: number; end: number }
  /** No value stands where one could; `start` and `end` are where it would. */
  | { kind: "nothing"; start: number; end: number }
  | Collection;

/** A map or a list, in block or in flow style. A flow collection's range holds its brackets. */
export type Collection = {
  kind: "map" | "list";
  inFlow: boolean;
  start: number;
  end: number;
  entries: Entry[];
  /** Where a comma stands that no entry follows. */
  lastComma: number | null;
};

/** An entry of a map or a list. */
export type Entry = {
  /** A key's text as the author wrote it, a list's index; null for a key that is an alias, a map or a list. */
  key: string | number | null;
  /** Offset of the key, or of the dash in a block list; of the anchor or tag before it if there is one. */
  start: number;
  /** Offset after the value. */
  end: number;
  /** Offset after the key; with a list that of the value. */
  keyEnd: number;
  /** Offset after the colon or dash, and after the anchor and tag of the value: here it may begin. */
  valueAt: number;
  /** The comma before it, in flow style. */
  comma: number | null;
  quoted: boolean;
  value: SyntaxNode;
};

/** A node on the way to a place, with the entry that holds it; the root has none. */
export type Held = { node: SyntaxNode; entry: Entry | null; parent: Held | null };

/**
 * The syntax of the one document in a text that has been read and found right.
 * @returns null when the text has no document with content, or several, or a carriage return alone.
 */
export function parseSyntax(text: string): SyntaxNode | null {
  // The library knows no lines that end with CR alone, and would see others than our reader.
  if (/\r(?!\n)/.test(text)) return null;
  const documents = [...new Parser().parse(text)].filter((token) => token.type === "document");
  const values = documents.flatMap(({ value }) => (value === undefined ? [] : [value]));
  const [value] = values;
  return value === undefined || values.length > 1 ? null : nodeOf(value, value.offset);
}

/** The entries that a path leads through, as far as they are there; indices are steps into lists. */
export function entriesOn(root: SyntaxNode, path: readonly (string | number)[]): Entry[] {
  const entries: Entry[] = [];
  let node = root;
  for (const step of path) {
    if (node.kind !== "map" && node.kind !== "list") break;
    const entry = node.entries.find(({ key }) => key === step);
    if (entry === undefined) break;
    entries.push(entry);
    node = entry.value;
  }
  return entries;
}

function nodeOf(token: CST.Token | null | undefined, valueAt: number): SyntaxNode {
  switch (token?.type) {
    case "alias":
      return { kind: "alias", ...rangeOf(token) };
    case "scalar":
      return { kind: "scalar", quoting: "plain", text: textOf(token), ...rangeOf(token) };
    case "single-quoted-scalar":
      return { kind: "scalar", quoting: "single", text: textOf(token), ...rangeOf(token) };
    case "double-quoted-scalar":
      return { kind: "scalar", quoting: "double", text: textOf(token), ...rangeOf(token) };
    case "block-scalar":
      return blockScalar(token);
    case "block-map":
    case "block-seq":
      return blockCollection(token);
    case "flow-collection":
      return flowCollection(token);
    default:
      return { kind: "nothing", start: valueAt, end: valueAt };
  }
}

function rangeOf(token: { offset: number; source: string }): { start: number; end: number } {
  return { start: token.offset, end: token.offset + token.source.length };
}

function textOf(token: CST.FlowScalar): string {
  return resolved(token) ?? "";
}

/** @returns null for what the library finds fault with: its errors would quote the text. */
function resolved(token: CST.FlowScalar | CST.BlockScalar): string | null {
  let isRight = true;
  const scalar = CST.resolveAsScalar(token, false, () => {
    isRight = false;
  });
  return isRight ? scalar.value : null;
}

function blockScalar(token: CST.BlockScalar): SyntaxNode {
  const [header] = token.props;
  const last = token.props.at(-1);
  const headerEnd = header === undefined ? token.offset : endOf(header);
  const bodyStart = last === undefined ? headerEnd : endOf(last);
  const start = header?.offset ?? token.offset;
  return { kind: "block-scalar", start, headerEnd, bodyStart, end: bodyStart + token.source.length };
}

function blockCollection(token: CST.BlockMap | CST.BlockSequence): Collection {
  const entries: Entry[] = [];
  for (const item of token.items) {
    const entry = entryOf(item, entries.length, token.type === "block-map");
    if (entry !== null) entries.push(entry);
  }
  return {
    kind: token.type === "block-map" ? "map" : "list",
    inFlow: false,
    start: entries[0]?.start ?? token.offset,
    end: entries.at(-1)?.end ?? token.offset,
    entries,
    lastComma: null,
  };
}

function flowCollection(token: CST.FlowCollection): Collection {
  const isMap = token.start.type === "flow-map-start";
  const entries: Entry[] = [];
  let lastComma: number | null = null;
  for (const item of token.items) {
    const entry = entryOf(item, entries.length, isMap);
    lastComma = item.start.find(({ type }) => type === "comma")?.offset ?? null;
    if (entry === null) continue;
    entries.push({ ...entry, comma: lastComma });
    lastComma = null;
  }
  const close = token.end.find(({ type }) => type === "flow-map-end" || type === "flow-seq-end");
  const end = endOf(close ?? token.start);
  return { kind: isMap ? "map" : "list", inFlow: true, start: token.offset, end, entries, lastComma };
}

const PROPERTIES: readonly string[] = ["anchor", "tag", "explicit-key-ind", "seq-item-ind"];
const BEFORE_VALUE: readonly string[] = ["map-value-ind", "seq-item-ind", "anchor", "tag"];

/** @returns null for an item that holds only comments, line breaks or a comma. */
function entryOf(item: CST.CollectionItem, index: number, isMap: boolean): Entry | null {
  const [key, sep] = [item.key ?? null, item.sep ?? []];
  const first = item.start.find(({ type }) => PROPERTIES.includes(type));
  const token = key ?? item.value;
  const start = first?.offset ?? token?.offset ?? sep[0]?.offset;
  if (start === undefined || (first === undefined && token === undefined)) return null;
  const keyEnd = key === null ? start : nodeOf(key, start).end;
  const lead = [...(isMap ? [] : item.start), ...sep].findLast(({ type }) => BEFORE_VALUE.includes(type));
  const valueAt = lead === undefined ? keyEnd : endOf(lead);
  const value = nodeOf(item.value, valueAt);
  return {
    key: isMap ? keyText(key) : index,
    start,
    end: Math.max(value.end, valueAt),
    keyEnd,
    valueAt,
    comma: null,
    quoted: key?.type === "double-quoted-scalar",
    value,
  };
}

function keyText(key: CST.Token | null): string | null {
  return CST.isScalar(key) ? resolved(key) : null;
}

function endOf(token: CST.Token): number {
  return "source" in token ? token.offset + token.source.length : token.offset;
}
