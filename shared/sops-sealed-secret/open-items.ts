import type { Bytes } from "../bytes.ts";
import type { SopsKeyEntry } from "../document/sops/metadata.ts";
import { type OpenedSops, openSopsDocuments } from "../document/sops/open-document.ts";
import { SCOPE_ITEM } from "../document/sops/scope-item.ts";
import type { SopsMap } from "../document/sops/tree.ts";
import { shellWord } from "../shell-word.ts";
import { contextDifferences } from "./kms-place.ts";
import { openRefusal } from "./open-refusal.ts";
import { entryKeyId, ForeignContextError, placeUnwrapper } from "./place-unwrapper.ts";
import { boundRefusal } from "./scope-proof.ts";
import type { SopsOpening } from "./sops-opening.ts";
import { type SopsRefusal, sopsRefusal } from "./sops-refusal.ts";
import { entriesOf, ITEMS, nodeAt } from "./tree-path.ts";

/** How the document is called in errors; the object stands before it. */
export const WHERE = "the SOPS document";

/** A document that opened and was made for this place. Whoever has it wipes it. */
export type PlacedSops = {
  ok: true;
  opened: OpenedSops;
  /** `spec.encryptedData` in plain text. */
  items: SopsMap;
  keyId: string;
  clusterId: string;
};

/**
 * Opens a document and sees that it was made for this place.
 * @param document the whole of it, with its entry `sops`, in the order over which its MAC is to hold.
 * @throws KeyServiceError; the signal's reason when aborted.
 */
export async function openPlaced(
  document: SopsMap,
  { clusterId, scope, unwrapper }: SopsOpening,
  signal: AbortSignal,
): Promise<PlacedSops | SopsRefusal> {
  const known = typeof clusterId === "string" ? clusterId : null;
  const placed = placeUnwrapper(unwrapper, known, scope);
  let opened: OpenedSops;
  try {
    opened = await openSopsDocuments([document], { unwrapper: placed, where: WHERE, signal });
  } catch (error) {
    signal.throwIfAborted();
    return openRefusal(error);
  }
  let isOurs = false;
  try {
    const items = nodeAt(opened.documents[0], ITEMS);
    if (items?.kind !== "map") {
      return sopsRefusal(
        "document",
        "it has no spec.encryptedData",
        "seal the Secret again: signet --backend sops",
      );
    }
    const refusal = typeRefusal(items);
    if (refusal !== null) return refusal;
    const cluster = typeof clusterId === "string" ? clusterId : await clusterId();
    const elsewhere = boundRefusal(items, cluster, scope) ?? contextRefusal(placed.used, cluster, scope);
    if (elsewhere !== null) return elsewhere;
    isOurs = true;
    const keyId = placed.used.map(entryKeyId).join("+");
    return { ok: true, opened, items, keyId, clusterId: cluster };
  } finally {
    if (!isOurs) opened.wipe();
  }
}

/** Types are not authenticated: a text that was relabelled must not come out otherwise than it was sealed. */
function typeRefusal(items: SopsMap): SopsRefusal | null {
  const wrong = entriesOf(items).find(({ value }) => value.kind !== "str" || value.bytes.length === 0);
  if (wrong === undefined) return null;
  const { key, value } = wrong;
  const path = shellWord(`["spec"]["encryptedData"][${JSON.stringify(key)}]`);
  if (value.kind === "map" || value.kind === "list" || value.kind === "null" || value.kind === "str") {
    const what = value.kind === "str" ? "is empty" : "is no text";
    return sopsRefusal(
      value.kind === "str" ? "empty" : "type",
      `${WHERE}: ${ITEMS.join(".")}.${key} ${what}`,
      "take it out of spec.encryptedData; spec.template.data may hold an empty item",
    );
  }
  return sopsRefusal(
    "type",
    `${WHERE}: ${ITEMS.join(".")}.${key} is of type ${value.kind}, and a Secret holds texts`,
    `set it as a text: sops set FILE ${path} '"…"'`,
  );
}

/** Where the cluster was not known before, a context may have passed that names another one. */
function contextRefusal(
  used: readonly SopsKeyEntry[],
  clusterId: string,
  scope: SopsOpening["scope"],
): SopsRefusal | null {
  for (const entry of used) {
    const parts = entry.type === "kms" ? contextDifferences(entry.context, clusterId, scope) : [];
    if (parts.length === 0) continue;
    const { message, hint } = new ForeignContextError(parts);
    return sopsRefusal("elsewhere", message, hint);
  }
  return null;
}

/** The items of an opened document without the one that says where it belongs, as bytes of their own. */
export function itemBytes(items: SopsMap): Map<string, Bytes> {
  const values = entriesOf(items).flatMap(({ key, value }): [string, Bytes][] =>
    key === SCOPE_ITEM || value.kind !== "str" ? [] : [[key, value.bytes.slice()]],
  );
  return new Map(values);
}
