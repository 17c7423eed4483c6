import { sopsTreeOf } from "../document/sops/object-tree.ts";
import type { SopsFormat, SopsMap } from "../document/sops/tree.ts";
import { writeSopsTree } from "../document/sops/write-tree.ts";
import { inByteOrder } from "./byte-order.ts";
import { entriesOf, ITEMS, nodeAt, withMapAt } from "./tree-path.ts";

/** The order in which the fields of a SealedSecret stand at its root; sops puts its own behind all others. */
const ROOT = ["apiVersion", "kind", "metadata", "spec"] as const;

/**
 * A SealedSecret that is a SOPS document, as text in the layout of the stock tool, which lays it out anew at each edit.
 * @param sealedSecret the object, its keys in any order.
 */
export function sopsText(sealedSecret: object, format: SopsFormat): string {
  const tree = sopsTreeOf(sealedSecret);
  if (tree.kind !== "map") throw new Error("an object became no mapping");
  return writeSopsTree([ordered(tree)], format);
}

function ordered(tree: SopsMap): SopsMap {
  const entries = entriesOf(tree);
  const first = ROOT.flatMap((field) => entries.filter(({ key }) => key === field));
  const others = entries.filter((entry) => !first.includes(entry) && entry.key !== "sops");
  const sops = entries.filter(({ key }) => key === "sops");
  return withItemsInOrder({ kind: "map", entries: [...first, ...others, ...sops] });
}

/** The document with its items in byte order. */
export function withItemsInOrder(document: SopsMap): SopsMap {
  const items = nodeAt(document, ITEMS);
  return items?.kind === "map" ? withMapAt(document, ITEMS, inByteOrder(items)) : document;
}
