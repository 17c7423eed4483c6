import type { SopsComment, SopsEntry, SopsMap } from "../document/sops/tree.ts";

/** Compares texts by their UTF-8: the order in which the API server's JSON has the keys of a map. */
export function byteOrder(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (left !== right) return rank(left) - rank(right);
  }
  return a.length - b.length;
}

/** Halves of characters beyond U+FFFF come behind all others in UTF-8. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** The mapping with its entries in byte order; the comments before an entry go with it, those after the last one stay last. */
export function inByteOrder({ entries }: SopsMap): SopsMap {
  const groups: { entry: SopsEntry; lines: SopsComment[] }[] = [];
  let lines: SopsComment[] = [];
  for (const entry of entries) {
    if (entry.kind === "comment") lines.push(entry);
    else {
      groups.push({ entry, lines });
      lines = [];
    }
  }
  groups.sort((a, b) => byteOrder(a.entry.key, b.entry.key));
  return { kind: "map", entries: [...groups.flatMap((group) => [...group.lines, group.entry]), ...lines] };
}
