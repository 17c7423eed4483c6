import { assertNotWiped } from "./data-key.ts";
import { Encryption, finishedDocuments } from "./encryption.ts";
import { KeptValues } from "./kept-values.ts";
import { withoutMetadata } from "./metadata-tree.ts";
import type { OpenedSops } from "./open-document.ts";
import { Naming } from "./place.ts";
import { areSameTrees } from "./same-tree.ts";
import { selectorOf } from "./selection.ts";
import type { SopsMap } from "./tree.ts";
import { ValueCipher } from "./value.ts";
import { walk } from "./walk.ts";

/** The time of the change, and what names the document in errors. */
export type EditingOptions = { now: Date; where?: string };

/**
 * Encrypts changed documents under the data key that they have. What stayed what it was, at the same path, stays as it is
 * encrypted, so that a difference shows only what changed.
 * @param encrypted the documents as they were opened.
 * @param plain the documents as they are to be, without metadata.
 * @returns new documents; the given ones when nothing changed, with their MAC and time.
 * @throws SopsError (structure, reserved, rule)
 */
export async function editSopsDocuments(
  encrypted: readonly SopsMap[],
  { metadata, dataKey }: Pick<OpenedSops, "metadata" | "dataKey">,
  plain: readonly SopsMap[],
  { now, where = "the document" }: EditingOptions,
): Promise<SopsMap[]> {
  assertNotWiped(dataKey);
  const encryption = await Encryption.of(plain, metadata.selection, where);
  const cipher = await ValueCipher.of(dataKey);
  const bare = encrypted.map(withoutMetadata);
  const naming = new Naming(where, bare.length);
  const selector = await selectorOf(metadata.selection, where);
  const before = walk(bare, { selector, naming, dropsListComments: true });
  const kept = await KeptValues.of(before, cipher);
  const edited = await finishedDocuments(encryption, metadata, { cipher, kept, now });
  return areSameTrees(before.documents, edited.map(withoutMetadata)) ? [...encrypted] : edited;
}
