import { utf8 } from "../bytes.ts";
import type { SopsComment, SopsEntry, SopsMap } from "../document/sops/tree.ts";

/** Compares texts by their UTF-8: the order in which the API server's JSON has the keys of a map. */
export function byteOrder(a: string, b: string): number {
  const [left, right] = [utf8(a), utf8(b)];
  const at = left.findIndex((byte, index) => byte !== right[index]);
  return at === -1 ? left.length - right.length : (left[at] ?? 0) - (right[at] ?? -1);
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
