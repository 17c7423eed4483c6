import { sopsTreeOf } from "../document/sops/object-tree.ts";
import { SCOPE_ITEM } from "../document/sops/scope-item.ts";
import type { SopsMap } from "../document/sops/tree.ts";
import { formOf } from "../seal/codec.ts";
import { isItemName } from "../secret.ts";
import { byteOrder } from "./byte-order.ts";
import { isOfSensibleExtent } from "./metadata-extent.ts";
import type { SopsSealedSecret } from "./sops-form.ts";
import { type SopsRefusal, sopsRefusal } from "./sops-refusal.ts";
import { leafOf, mapOf } from "./tree-path.ts";

/** Names of items, for a message. */
function listed(items: readonly string[]): string {
  const shown = items.slice(0, 5).map((item) => JSON.stringify(item).slice(1, -1));
  const more = items.length - shown.length;
  return shown.join(", ") + (more > 0 ? ` and ${more} more` : "");
}

const SEAL_AGAIN = "seal the Secret again: signet --backend sops";

/** Why the values of a SealedSecret cannot be those of a SOPS document; null when by their form they can. */
export function formRefusal({ spec: { encryptedData }, sops }: SopsSealedSecret): SopsRefusal | null {
  const items = Object.keys(encryptedData);
  const others = items.filter((item) => formOf(encryptedData[item] ?? "").backend !== "sops");
  if (others.includes(SCOPE_ITEM)) {
    return sopsRefusal(
      "opened-on-the-way",
      `spec.encryptedData.${SCOPE_ITEM} stands in plain text: something decrypted this SOPS document before it was applied, and its values are readable in the cluster`,
      "add the annotation kustomize.toolkit.fluxcd.io/decrypt: Disabled to its metadata and apply it again; change the values, if others may read SealedSecrets here",
    );
  }
  const empty = others.filter((item) => encryptedData[item] === "");
  if (empty.length > 0) {
    return sopsRefusal(
      "empty",
      `spec.encryptedData has empty values, which SOPS does not authenticate: ${listed(empty)}`,
      "take them out of spec.encryptedData; spec.template.data may hold an empty item",
    );
  }
  if (others.length > 0) {
    return sopsRefusal(
      "mixed",
      `spec.encryptedData of a SOPS document holds values of its own kind only, and these are not: ${listed(others)}`,
      SEAL_AGAIN,
    );
  }
  const unfit = items.filter((item) => item !== SCOPE_ITEM && !isItemName(item));
  if (unfit.length > 0) {
    return sopsRefusal(
      "item-name",
      `spec.encryptedData has names that no Secret's item may have: ${listed(unfit)}`,
      "give these items other names, and seal the Secret again",
    );
  }
  if (sops === undefined) {
    return sopsRefusal(
      "no-metadata",
      `spec.encryptedData holds values of a SOPS document, and its field sops is missing: ${listed(items)}`,
      "apply the document as it was written; where the cluster dropped the field, its CustomResourceDefinition is older than this version of Signet",
    );
  }
  if (!isOfSensibleExtent(sops)) {
    return sopsRefusal(
      "document",
      "its field sops is larger, or deeper, than any document needs it",
      "take the document as SOPS wrote it, for fewer keys",
    );
  }
  return null;
}

/**
 * The encrypted values alone as a document, in byte order, whatever order they came in: all that a MAC covers which is made
 * of encrypted values only.
 */
export function valuesTree({ spec: { encryptedData }, sops = {} }: SopsSealedSecret): SopsMap {
  const items = Object.entries(encryptedData).sort(([a], [b]) => byteOrder(a, b));
  const values = mapOf(items.map(([item, value]) => [item, leafOf(value)] as const));
  return mapOf([
    ["spec", mapOf([["encryptedData", values]])],
    ["sops", sopsTreeOf(sops)],
  ]);
}
