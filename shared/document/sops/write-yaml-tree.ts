import { utf8 } from "../../bytes.ts";
import { yamlKeyText, yamlScalarText } from "./go-yaml-text.ts";
import type { SopsComment, SopsEntry, SopsList, SopsMap, SopsNode } from "./tree.ts";

/** Keys that are longer, in bytes, or hold line breaks are marked by a question mark. */
const LONGEST_PLAIN_KEY = 128;

/** A mapping as one YAML document, as go-yaml v3 lays it out for sops. Ends with a line break. */
export function yamlTree(map: SopsMap, unit: number): string {
  const lines = hasContent(map) ? mapLines(map, 0, unit) : [...commentLines(commentsOf(map), 0), "{}"];
  return `${lines.join("\n")}\n`;
}

/** @param column where the keys stand. */
function mapLines(map: SopsMap, column: number, unit: number): string[] {
  const lines: string[] = [];
  let waiting: SopsComment[] = [];
  for (const entry of map.entries) {
    if (entry.kind === "comment") {
      waiting.push(entry);
      continue;
    }
    // The next multiple of the unit: keys of a list's items stand between two.
    const inner = unit * (Math.floor(column / unit) + 1);
    appendPart(lines, waiting, lead(entry, column), entry.value, { column, inner, unit });
    waiting = [];
  }
  lines.push(...commentLines(waiting, column));
  return lines;
}

function listLines(list: SopsList, column: number, unit: number): string[] {
  const lines: string[] = [];
  let waiting: SopsComment[] = [];
  for (const item of list.items) {
    if (item.kind === "comment") {
      waiting.push(item);
      continue;
    }
    const start = `${" ".repeat(column)}-`;
    appendPart(lines, waiting, start, item, { column, inner: column + 2, unit, isItem: true });
    waiting = [];
  }
  lines.push(...commentLines(waiting, column));
  return lines;
}

/** What stands before a value: the key and its colon, or that colon on a line after a key that is marked. */
function lead({ key, isMerge }: SopsEntry, column: number): string {
  const pad = " ".repeat(column);
  if (isMerge === true) return `${pad}!!merge <<:`;
  const text = yamlKeyText(key);
  const isMarked = utf8(text).length > LONGEST_PLAIN_KEY || /[\n\r\u0085\u2028\u2029]/.test(key);
  return isMarked ? `${pad}? ${text}\n${pad}:` : `${pad}${text}:`;
}

type Place = { column: number; inner: number; unit: number; isItem?: true };

function appendPart(
  lines: string[],
  comments: readonly SopsComment[],
  start: string,
  value: SopsNode,
  { column, inner, unit, isItem }: Place,
): void {
  const isCollection = value.kind === "map" || value.kind === "list";
  if (!isCollection || !hasContent(value)) {
    const last = comments.at(-1);
    const inline = last?.isInline === true && !isCollection ? last : null;
    lines.push(...commentLines(inline === null ? comments : comments.slice(0, -1), column));
    if (isCollection) lines.push(...commentLines(commentsOf(value), column));
    const [head = "", ...body] = isCollection
      ? [value.kind === "map" ? "{}" : "[]"]
      : yamlScalarText(value, inner, inner - column);
    const behind = inline === null ? "" : ` ${commentLines([inline], 0).join(" ")}`;
    lines.push(`${start} ${head}${behind}`, ...body);
    return;
  }
  lines.push(...commentLines(comments, column));
  const within = value.kind === "map" ? mapLines(value, inner, unit) : listLines(value, inner, unit);
  const isMarkedKey = start.includes("\n");
  if ((isItem === undefined && !isMarkedKey) || inner - column < 2) {
    lines.push(start, ...within);
    return;
  }
  // It begins on the line of the dash or colon, behind comments of its own.
  const first = within.findIndex((line) => !/^ *#/.test(line));
  for (const line of within.splice(0, first)) lines.push(line.slice(inner - column));
  lines.push(start + (within.shift() ?? "").slice(start.length - start.lastIndexOf("\n") - 1), ...within);
}

function commentLines(comments: readonly SopsComment[], column: number): string[] {
  const pad = " ".repeat(column);
  // A line break would end the comment and begin something else.
  return comments.flatMap(({ text }) =>
    text.split(/[\n\r\u0085\u2028\u2029]/).map((line) => `${pad}#${printable(line)}`),
  );
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: readers refuse these characters
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufeff\ufffe\uffff]/g;

function printable(text: string): string {
  return text.toWellFormed().replace(UNPRINTABLE, "\ufffd");
}

function hasContent(node: SopsMap | SopsList): boolean {
  return node.kind === "map"
    ? node.entries.some(({ kind }) => kind === "entry")
    : node.items.some(({ kind }) => kind !== "comment");
}

function commentsOf(node: SopsMap | SopsList): SopsComment[] {
  const parts: readonly { kind: string }[] = node.kind === "map" ? node.entries : node.items;
  return parts.filter((part): part is SopsComment => part.kind === "comment");
}
