import { addToBlock, removeFromBlock } from "./block-edit.ts";
import { type Edit, EditConflict, type NewEntries, type NewValue, type Path } from "./edit.ts";
import { addToFlow, removeFromFlow } from "./flow-edit.ts";
import { lineEnd, type Splice, splice } from "./splice.ts";
import { type Held, parseSyntax, type SyntaxNode } from "./syntax-tree.ts";
import type { DocumentFormat } from "./write-documents.ts";
import { yamlInline } from "./yaml-scalar.ts";

/**
 * The text of a document after edits, as far as its layout allows; the caller reads it again.
 * @returns null when the text's syntax cannot be followed.
 * @throws EditConflict when a place is held by an alias or a merge key.
 */
export function applyEdits(text: string, edits: readonly Edit[], format: DocumentFormat): string | null {
  // A path inside another's must see what that one did.
  const batches = overlap(edits) ? edits.map((edit) => [edit]) : [edits];
  let edited: string | null = text;
  for (const batch of batches) {
    if (edited !== null) edited = applyBatch(edited, batch, format);
  }
  return edited;
}

function applyBatch(text: string, edits: readonly Edit[], format: DocumentFormat): string | null {
  const root = parseSyntax(text);
  if (root === null) return null;
  const splices: Splice[] = [];
  const additions = new Map<string, { path: Path; entries: NewEntries }>();
  for (const edit of edits) {
    if (!("value" in edit)) continue;
    const { held, rest } = follow(root, edit.path);
    if (rest.length === 0 && typeof edit.value === "string") {
      splices.push(...replaceScalar(text, held, edit.value, format));
    } else {
      const path = edit.path.slice(0, edit.path.length - rest.length);
      const group = additions.get(JSON.stringify(path)) ?? { path, entries: new Map() };
      additions.set(JSON.stringify(path), group);
      put(group.entries, rest, edit.value);
    }
  }
  let edited: string | null = splice(text, splices);
  for (const { path, entries } of additions.values()) {
    edited = addEntries(edited, path, entries, format);
    if (edited === null) return null;
  }
  for (const edit of edits) {
    if ("remove" in edit) edited = removeEntry(edited, edit.path);
    else if ("rename" in edit) edited = renameEntry(edited, edit.path, edit.rename, format);
    if (edited === null) return null;
  }
  return edited;
}

function overlap(edits: readonly Edit[]): boolean {
  // Sorted, a path stands right before those inside it.
  const paths = edits.map(({ path }) => path.map((step) => `${JSON.stringify(step)}/`).join("")).sort();
  return paths.some((path, index) => paths[index + 1]?.startsWith(path));
}

/** Puts what an edit sets into the entries to add, with the maps that lead to it. */
function put(entries: NewEntries, rest: Path, value: NewValue): void {
  const [step, ...further] = rest;
  if (step === undefined) {
    if (typeof value !== "string") for (const [key, text] of Object.entries(value)) entries.set(key, text);
    return;
  }
  if (further.length === 0 && typeof value === "string") {
    entries.set(String(step), value);
    return;
  }
  const held = entries.get(String(step));
  const inner: NewEntries = held instanceof Map ? held : new Map();
  entries.set(String(step), inner);
  put(inner, further, value);
}

/** Goes a path as far as the document has it. */
function follow(root: SyntaxNode, path: Path): { held: Held; rest: Path } {
  let held: Held = { node: root, entry: null, parent: null };
  for (const [index, step] of path.entries()) {
    if (held.node.kind === "alias") throw new EditConflict("an alias stands there", path.slice(0, index));
    if (held.node.kind !== "map" && held.node.kind !== "list") return { held, rest: path.slice(index) };
    const entry = held.node.entries.find(({ key }) => key === step);
    if (entry === undefined) return { held, rest: path.slice(index) };
    held = { node: entry.value, entry, parent: held };
  }
  return { held, rest: [] };
}

function replaceScalar(
  text: string,
  { node, entry, parent }: Held,
  value: string,
  format: DocumentFormat,
): Splice[] {
  const inFlow = isInFlow(parent);
  const written = (quoting: "plain" | "single" | "double") =>
    format === "json" ? JSON.stringify(value) : yamlInline(value, quoting, inFlow);
  switch (node.kind) {
    case "scalar":
      return [{ start: node.start, end: node.end, text: written(node.quoting) }];
    case "alias":
      return [{ start: node.start, end: node.end, text: written("plain") }];
    case "block-scalar": {
      const isOpen = node.end === text.length && !text.endsWith("\n");
      const from = isOpen ? lineEnd(text, node.bodyStart - 1) : node.bodyStart;
      return [
        { start: node.start, end: node.headerEnd, text: written("plain") },
        { start: from, end: node.end, text: "" },
      ];
    }
    case "nothing": {
      const hasColon = entry === null || entry.valueAt > entry.keyEnd;
      // White space at the line's end would stand after the value then.
      const end = lineEnd(text, node.end);
      const isBlank = text.slice(node.end, end).trim() === "";
      const set = `${hasColon ? " " : ": "}${written("plain")}`;
      return [{ start: node.start, end: isBlank ? end : node.end, text: set }];
    }
    default:
      return [];
  }
}

function isInFlow(held: Held | null): boolean {
  return held !== null && (held.node.kind === "map" || held.node.kind === "list") && held.node.inFlow;
}

function addEntries(text: string, path: Path, entries: NewEntries, format: DocumentFormat): string | null {
  const root = parseSyntax(text);
  if (root === null) return null;
  const { held, rest } = follow(root, path);
  if (rest.length > 0) return null;
  if (held.node.kind === "alias") throw new EditConflict("an alias stands there", path);
  const inFlow = format === "json" || isInFlow(held.parent) || isFilledFlow(held.node);
  return splice(
    text,
    inFlow ? addToFlow(text, held, entries, format) : addToBlock(text, held, entries, root),
  );
}

function isFilledFlow(node: SyntaxNode): boolean {
  return node.kind === "map" && node.inFlow && node.entries.length > 0;
}

function removeEntry(text: string, path: Path): string | null {
  const root = parseSyntax(text);
  if (root === null) return null;
  const { held, rest } = follow(root, path);
  if (rest.length > 0 || held.entry === null || held.parent === null) return text;
  const inFlow = isInFlow(held.parent);
  return splice(
    text,
    inFlow ? removeFromFlow(text, held.parent, held.entry) : removeFromBlock(text, held.parent, held.entry),
  );
}

/** Puts another key in the place of one, quoted as that one was where the new one can be. */
function renameEntry(text: string, path: Path, key: string, format: DocumentFormat): string | null {
  const root = parseSyntax(text);
  if (root === null) return null;
  const { held, rest } = follow(root, path);
  const { entry, parent } = held;
  if (rest.length > 0 || entry === null || parent?.node.kind !== "map") return null;
  const { start, keyEnd } = entry;
  const [first] = text.slice(start, keyEnd);
  // What stands before a key, as an anchor or a question mark, is no part of its text.
  if (first !== undefined && "&!?".includes(first)) {
    throw new EditConflict("its key has an anchor, a tag or a question mark before it", path);
  }
  const quoting = first === "'" ? "single" : first === '"' ? "double" : "plain";
  const written = format === "json" ? JSON.stringify(key) : yamlInline(key, quoting, isInFlow(parent));
  return splice(text, [{ start, end: keyEnd, text: written }]);
}
