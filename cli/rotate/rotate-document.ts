import { SCOPE_ITEM } from "../../shared/document/sops/scope-item.ts";
import { parseSealedSecret, type SealedSecret } from "../../shared/sealed-secret.ts";
import { isSopsSealedSecret } from "../../shared/sops-sealed-secret/sops-form.ts";
import type { Performed, TaskDocument } from "../file-work.ts";
import { resealObject } from "../reseal/reseal-object.ts";
import type { RotatedObject } from "./rotated-file.ts";
import type { RotationMeans } from "./rotation-means.ts";

/** What came of one document, for its file and for the report. */
export type RotatedDocument = { performed: Performed; object: RotatedObject };

/**
 * Seals the values of a SealedSecret anew, as far as they are not under the newest key.
 * @param namespace where it stands if it names none; null for nowhere.
 * @throws SealError when one of them does not open, or cannot be sealed.
 */
export async function rotateDocument(
  { value, where, target = null, path = null, source }: TaskDocument,
  namespace: string | null,
  means: RotationMeans,
): Promise<RotatedDocument> {
  const read = parseSealedSecret(value, where);
  const placed = read.metadata.namespace === undefined ? placedIn(read, namespace) : read;
  const about = { where, namespace: placed.metadata.namespace ?? null, name: read.metadata.name };
  if (isSopsSealedSecret(read)) {
    const renewSops = await means.renewSops;
    const items = sopsItems(read, renewSops === null ? "left-out" : "resealed");
    const object = { ...about, changed: renewSops !== null, items };
    if (renewSops === null) return { performed: UNCHANGED, object };
    const text = (await source?.()) ?? null;
    return { performed: await renewSops(placed, text, where, { target, path }), object };
  }
  const { items, edits, product } = await resealObject(placed, where, means.reseal);
  const changed = edits.length > 0;
  const object = { ...about, changed, items: items.map(({ value: _, ...item }) => item) };
  return { performed: { product, edits, note: "" }, object };
}

/** In its file it goes on naming none. */
function placedIn(sealedSecret: SealedSecret, namespace: string | null): SealedSecret {
  if (namespace === null) return sealedSecret;
  return { ...sealedSecret, metadata: { ...sealedSecret.metadata, namespace } };
}

const UNCHANGED: Performed = { product: null, edits: [], note: "" };

/** A document has one data key for all of its values. */
function sopsItems({ spec }: SealedSecret, state: "resealed" | "left-out"): RotatedObject["items"] {
  return Object.keys(spec.encryptedData)
    .filter((item) => item !== SCOPE_ITEM)
    .map((item) => ({ item, backend: "sops", state, from: null, to: null }));
}
