import type { NewEntries } from "./edit.ts";
import { indentBefore, lineBreakOf, lineEnd, lineStart, nextLine, type Splice } from "./splice.ts";
import type { Collection, Entry, Held, SyntaxNode } from "./syntax-tree.ts";
import { yamlInline, yamlKey } from "./yaml-scalar.ts";

/** Adds entries to a map in block style, or to what stands in its place: nothing, `null` or `{}`. */
export function addToBlock(text: string, held: Held, entries: NewEntries, root: SyntaxNode): Splice[] {
  const { node } = held;
  const step = stepOf(text, held, root);
  const last = node.kind === "map" ? node.entries.at(-1) : undefined;
  if (last !== undefined) {
    const lines = linesOf(entries, " ".repeat(columnOf(text, last.start)), step);
    return [
      insertLines(text, afterNotes(text, afterLines(text, last.end), columnOf(text, last.start)), lines),
    ];
  }
  const { entry, parent } = held;
  if (entry === null || parent === null || parent.node.kind === "list") {
    const column = " ".repeat(columnOf(text, node.start));
    const lines = linesOf(entries, node.kind === "nothing" ? `${column} ` : column, step);
    const gap = node.kind === "nothing" ? " " : "";
    return [{ start: node.start, end: node.end, text: gap + lines.join(lineBreakOf(text)).trimStart() }];
  }
  const indent = " ".repeat(columnOf(text, entry.start)) + step;
  return [
    { start: entry.valueAt, end: node.end, text: "" },
    insertLines(text, afterLines(text, node.end), linesOf(entries, indent, step)),
  ];
}

/** Removes an entry of a map or list in block style; `{}` or `[]` stays when it was the only one. */
export function removeFromBlock(text: string, held: Held, entry: Entry): Splice[] {
  const collection = held.node as Collection;
  const isOnly = collection.entries.length === 1;
  const empty = collection.kind === "map" ? "{}" : "[]";
  if (indentBefore(text, entry.start) === null || (isOnly && held.entry === null)) {
    if (isOnly) {
      // The lines of a block scalar end with a line break.
      const end =
        entry.end > entry.start && text[entry.end - 1] === "\n" ? lineEnd(text, entry.end - 1) : entry.end;
      return [{ start: entry.start, end, text: empty }];
    }
    // What follows it, a note or the next entry, comes to stand where it stood.
    const below = afterNotes(text, afterLines(text, entry.end), columnOf(text, entry.start));
    const [blank = ""] = /^\s*/.exec(text.slice(below)) ?? [];
    return [{ start: entry.start, end: below + blank.length, text: "" }];
  }
  const lines = wholeLines(text, entry);
  if (!isOnly || held.entry === null) return [lines];
  return [{ start: held.entry.valueAt, end: held.entry.valueAt, text: ` ${empty}` }, lines];
}

/** The lines of an entry that begins on a line of its own, with the notes inside it; without a line break at the text's end, the one before. */
function wholeLines(text: string, entry: Entry): Splice {
  const start = lineStart(text, entry.start);
  const end = afterNotes(text, afterLines(text, entry.end), columnOf(text, entry.start));
  if (end === text.length && !text.endsWith("\n") && start > 0) {
    return { start: lineEnd(text, start - 1), end, text: "" };
  }
  return { start, end, text: "" };
}

/** The offset of the line after the one where something ends. */
function afterLines(text: string, end: number): number {
  return end > 0 && text[end - 1] === "\n" ? end : nextLine(text, end);
}

/** The offset after comments that stand further in than an entry: they belong to what is inside it. */
function afterNotes(text: string, start: number, column: number): number {
  let end = start;
  for (let at = start; at < text.length; at = nextLine(text, at)) {
    const [indent = ""] = /^ */.exec(text.slice(at, lineEnd(text, at))) ?? [];
    const first = text[at + indent.length];
    if (first === "#" && indent.length > column) end = nextLine(text, at);
    else if (first !== "\n" && first !== "\r") break;
  }
  return end;
}

function insertLines(text: string, at: number, lines: readonly string[]): Splice {
  const lineBreak = lineBreakOf(text);
  const joined = lines.join(lineBreak);
  const isOpen = at === text.length && !text.endsWith("\n");
  return { start: at, end: at, text: isOpen ? lineBreak + joined : joined + lineBreak };
}

function linesOf(entries: NewEntries, indent: string, step: string): string[] {
  return [...entries].flatMap(([key, value]) => {
    const head = `${indent}${yamlKey(key)}:`;
    if (typeof value === "string") return [`${head} ${yamlInline(value, "plain", false)}`];
    return value.size === 0 ? [`${head} {}`] : [head, ...linesOf(value, indent + step, step)];
  });
}

function columnOf(text: string, at: number): number {
  return at - lineStart(text, at);
}

/** By how much the document indents maps within maps: beside the place, above it, or anywhere. */
function stepOf(text: string, held: Held, root: SyntaxNode): string {
  for (let at: Held | null = held; at !== null; at = at.parent) {
    const step = firstStep(text, at.node, false);
    if (step > 0) return " ".repeat(step);
  }
  return " ".repeat(firstStep(text, root, true) || 2);
}

function firstStep(text: string, node: SyntaxNode, deep: boolean): number {
  if ((node.kind !== "map" && node.kind !== "list") || node.inFlow) return 0;
  for (const { start, value } of node.entries) {
    const isInner = node.kind === "map" && value.kind === "map" && !value.inFlow;
    if (isInner) return columnOf(text, value.start) - columnOf(text, start);
    const inner = deep ? firstStep(text, value, true) : 0;
    if (inner > 0) return inner;
  }
  return 0;
}
