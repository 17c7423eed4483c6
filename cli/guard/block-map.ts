import type { LocatedEntry, LocatedMap, LocatedNode, LocatedScalar } from "./located-tree.ts";

/** A key, and a text that can be nothing else: no quote, list, anchor, tag or second line, and no colon that ends a key. */
const ENTRY =
  /^( *)([A-Za-z0-9_][\w./-]*):(?: ([A-Za-z0-9_/+](?:[\w/+.=-]|:(?=[\w/+]))*|ENC\[(?:[\w,+/=]|:(?=[\w+/=]))*\]))?$/;
const PASSED_OVER = /^(?: *#.*)?$/;
/** Spaces of two lines whose keys are in one map differ by nothing; deeper ones are read elsewhere. */
const MOST_SPACES = 60;

type Level = { spaces: number; map: LocatedMap };

/**
 * Reads the plainest of YAML: maps in maps, line by line, with texts for values. Most sealed files are that, and this takes a
 * fraction of what a reader of all of YAML does in a process that has just begun.
 * @param base offset that the text itself stands at.
 * @returns the one document, just as that reader has it; null for everything else, which is for it to read.
 */
export function readBlockMap(text: string, base: number): LocatedNode[] | null {
  const open: Level[] = [];
  let last: LocatedEntry | null = null;
  let start = text.startsWith("---\n") ? 4 : 0;
  while (start < text.length) {
    const found = text.indexOf("\n", start);
    const end = found === -1 ? text.length : found;
    const line = text.slice(start, end);
    const at = base + start;
    start = end + 1;
    if (PASSED_OVER.test(line)) continue;
    const [, indent = "", key, value] = ENTRY.exec(line) ?? [];
    if (key === undefined || indent.length > MOST_SPACES) return null;
    const spaces = indent.length;
    let level = open.at(-1);
    if (level === undefined || spaces > level.spaces) {
      const map: LocatedMap = { kind: "map", at: at + spaces, entries: [] };
      if (last === null) {
        if (spaces > 0) return null;
      } else {
        // Below a text it would be that text's second line.
        if (!isEmpty(last.value)) return null;
        last.value = map;
      }
      level = { spaces, map };
      open.push(level);
    }
    while (level !== undefined && level.spaces > spaces) {
      open.pop();
      level = open.at(-1);
    }
    if (level === undefined || level.spaces !== spaces) return null;
    last = { key, at: at + spaces, value: scalarAt(value, at + line.length, base) };
    level.map.entries.push(last);
  }
  const [root] = open;
  return root === undefined ? null : [root.map];
}

function isEmpty(node: LocatedNode): boolean {
  return node.kind === "scalar" && node.text === "";
}

/** @param end offset after the value, with which its line ends. */
function scalarAt(text: string | undefined, end: number, base: number): LocatedScalar {
  if (text === undefined)
    return { kind: "scalar", at: base, end: base, text: "", isPlain: true, bodyAt: null };
  return { kind: "scalar", at: end - text.length, end, text, isPlain: true, bodyAt: null };
}
