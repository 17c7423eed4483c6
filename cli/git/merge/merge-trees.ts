import { fromUtf8 } from "../../../shared/bytes.ts";
import { isSameTree } from "../../../shared/document/sops/same-tree.ts";
import type { SopsComment, SopsEntry, SopsMap, SopsNode } from "../../../shared/document/sops/tree.ts";
import { KIND } from "../../../shared/resource.ts";
import { inByteOrder } from "../../../shared/sops-sealed-secret/byte-order.ts";

/** What comes of streams of documents. `clashes`: paths that both sides changed, each in another way. */
export type TreeMerge = { documents: SopsMap[]; clashes: string[] };

/** An entry with the comments that stand before it. */
type Commented = { comments: SopsComment[]; entry: SopsEntry };

/** Merges documents in clear, map by map, in our order; lists are taken whole, and comments come with what they stand before. */
export function mergeTrees(
  base: readonly SopsMap[],
  ours: readonly SopsMap[],
  theirs: readonly SopsMap[],
): TreeMerge {
  if (base.length !== ours.length || base.length !== theirs.length)
    return { documents: [...ours], clashes: ["how many documents there are"] };
  const clashes: string[] = [];
  const documents = ours.map((document, index) => {
    const merged = mergeMaps(base[index], document, theirs[index] ?? document, [], clashes);
    return isSealedSecret(merged) ? itemsInByteOrder(merged) : merged;
  });
  return { documents, clashes };
}

function mergeMaps(
  base: SopsMap | undefined,
  ours: SopsMap,
  theirs: SopsMap,
  path: readonly string[],
  clashes: string[],
): SopsMap {
  const [before, left, right] = [base, ours, theirs].map((map) => commented(map));
  const entries: (SopsEntry | SopsComment)[] = [];
  for (const key of new Set([...(left?.keys() ?? []), ...(right?.keys() ?? [])])) {
    const [was, mine, their] = [before?.get(key), left?.get(key), right?.get(key)];
    const one = mergeEntry(was, mine, their, [...path, key], clashes);
    if (one !== undefined) entries.push(...one.comments, one.entry);
  }
  return { kind: "map", entries: [...entries, ...trailing(ours)] };
}

function mergeEntry(
  was: Commented | undefined,
  mine: Commented | undefined,
  their: Commented | undefined,
  path: readonly string[],
  clashes: string[],
): Commented | undefined {
  if (isSame(mine, their) || isSame(was, their)) return mine;
  if (mine !== undefined && their !== undefined) {
    const [left, right] = [mine.entry.value, their.entry.value];
    const held = was?.entry.value;
    if (left.kind === "map" && right.kind === "map" && (held === undefined || held.kind === "map")) {
      return { ...mine, entry: { ...mine.entry, value: mergeMaps(held, left, right, path, clashes) } };
    }
  }
  if (isSame(was, mine)) return their;
  clashes.push(path.join("."));
  return mine;
}

function isSame(a: Commented | undefined, b: Commented | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return isSameValue(a.entry.value, b.entry.value);
}

function isSameValue(a: SopsNode, b: SopsNode): boolean {
  return isSameTree(withoutComments(a), withoutComments(b));
}

/** Comments, and the order of entries, are no change of content. */
function withoutComments(node: SopsNode): SopsNode {
  if (node.kind === "list")
    return {
      kind: "list",
      items: node.items.flatMap((one) => (one.kind === "comment" ? [] : [withoutComments(one)])),
    };
  if (node.kind !== "map") return node;
  const entries = node.entries
    .filter((entry) => entry.kind === "entry")
    .map((entry) => ({ ...entry, value: withoutComments(entry.value) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  return { kind: "map", entries };
}

function commented(map: SopsMap | undefined): Map<string, Commented> {
  const found = new Map<string, Commented>();
  let comments: SopsComment[] = [];
  for (const one of map?.entries ?? []) {
    if (one.kind === "comment") comments.push(one);
    else {
      found.set(one.key, { comments, entry: one });
      comments = [];
    }
  }
  return found;
}

/** Comments behind the last entry. */
function trailing({ entries }: SopsMap): SopsComment[] {
  const last = entries.findLastIndex(({ kind }) => kind === "entry");
  return entries.slice(last + 1).filter((one) => one.kind === "comment");
}

function isSealedSecret({ entries }: SopsMap): boolean {
  const kind = entries.find((one) => one.kind === "entry" && one.key === "kind");
  return kind?.kind === "entry" && kind.value.kind === "str" && fromUtf8(kind.value.bytes) === KIND;
}

/** The order in which a cluster keeps the items, and so the only one in which the MAC holds there. */
function itemsInByteOrder(document: SopsMap): SopsMap {
  return inside(document, "spec", (spec) => inside(spec, "encryptedData", inByteOrder));
}

function inside(map: SopsMap, key: string, change: (inner: SopsMap) => SopsMap): SopsMap {
  return {
    kind: "map",
    entries: map.entries.map((one) =>
      one.kind === "entry" && one.key === key && one.value.kind === "map"
        ? { ...one, value: change(one.value) }
        : one,
    ),
  };
}
