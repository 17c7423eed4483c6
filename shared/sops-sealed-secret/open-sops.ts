import type { Bytes } from "../bytes.ts";
import { metadataOf } from "../document/sops/metadata-tree.ts";
import { formRefusal, valuesTree } from "./clear-form.ts";
import { itemBytes, openPlaced, WHERE } from "./open-items.ts";
import { openRefusal } from "./open-refusal.ts";
import { ruleRefusal } from "./rule-refusal.ts";
import type { SopsSealedSecret } from "./sops-form.ts";
import type { SopsOpening } from "./sops-opening.ts";
import type { SopsRefusal } from "./sops-refusal.ts";

/** What came of it: the items without the scope item, and the keys that its data key was wrapped under. */
export type SopsOpened = { ok: true; values: ReadonlyMap<string, Bytes>; keyId: string } | SopsRefusal;

/**
 * Opens the values of a SealedSecret that is a SOPS document. Its MAC is verified over the values in byte order, which is
 * the order in which an API server has them, whatever order they come in here; and it must say that it was made for this place.
 * @throws KeyServiceError when a key service could not, or may not, be asked; the signal's reason when aborted.
 */
export async function openSopsValues(
  sealedSecret: SopsSealedSecret,
  opening: SopsOpening,
  signal: AbortSignal,
): Promise<SopsOpened> {
  const refusal = formRefusal(sealedSecret);
  if (refusal !== null) return refusal;
  const document = valuesTree(sealedSecret);
  try {
    const { metadata } = metadataOf([document], WHERE);
    const unfit = await ruleRefusal(sealedSecret, metadata, WHERE);
    if (unfit !== null) return unfit;
  } catch (error) {
    return openRefusal(error);
  }
  const placed = await openPlaced(document, opening, signal);
  if (!placed.ok) return placed;
  const { opened, items, keyId } = placed;
  try {
    return { ok: true, values: itemBytes(items), keyId };
  } finally {
    opened.wipe();
  }
}
