import { utf8 } from "../bytes.ts";
import type { SopsEntry, SopsMap, SopsNode, SopsScalar } from "../document/sops/tree.ts";

/** A text as a leaf. */
export function leafOf(text: string): SopsScalar {
  return { kind: "str", bytes: utf8(text) };
}

/** A mapping of nodes, in their order. */
export function mapOf(entries: Iterable<readonly [key: string, value: SopsNode]>): SopsMap {
  return {
    kind: "map",
    entries: [...entries].map(([key, value]): SopsEntry => ({ kind: "entry", key, value })),
  };
}

/** The entries of a mapping, without comments. */
export function entriesOf(map: SopsMap): SopsEntry[] {
  return map.entries.filter((entry) => entry.kind === "entry");
}

/** The node under some keys; undefined where there is none. */
export function nodeAt(map: SopsNode | undefined, [key, ...rest]: readonly string[]): SopsNode | undefined {
  if (key === undefined) return map;
  if (map?.kind !== "map") return undefined;
  return nodeAt(entriesOf(map).find((entry) => entry.key === key)?.value, rest);
}

/** A mapping with another mapping at some place in it, which must be there. */
export function withMapAt(map: SopsMap, [key, ...rest]: readonly string[], inner: SopsMap): SopsMap {
  if (key === undefined) return inner;
  const entries = map.entries.map((entry) => {
    if (entry.kind !== "entry" || entry.key !== key || entry.value.kind !== "map") return entry;
    return { ...entry, value: withMapAt(entry.value, rest, inner) };
  });
  return { kind: "map", entries };
}

/** Where the items of a SealedSecret stand. */
export const ITEMS = ["spec", "encryptedData"] as const;
