import { newDataKey, wrapDataKey } from "./data-key.ts";
import { Encryption, finishedDocuments } from "./encryption.ts";
import type { SopsWrapper } from "./key-services.ts";
import type { OpenedSops } from "./open-document.ts";
import { recipientsOf } from "./recipients.ts";
import type { SopsMap } from "./tree.ts";
import { ValueCipher } from "./value.ts";

/** Who wraps the new data key, the time, and what names the document in errors. */
export type RotatingOptions = { wrapper: SopsWrapper; now: Date; where?: string; signal: AbortSignal };

/**
 * Encrypts documents under a new data key for those who could open them before, in the same groups and by the same rule.
 * Fields of the metadata that nobody here knows are left out, since they may belong to the old key.
 * @param plain the documents as they are to be, without metadata.
 * @throws SopsError (not-rewrappable) before anything is wrapped; SealError of a recipient that cannot be wrapped for.
 */
export async function rotateSopsDocuments(
  { metadata }: Pick<OpenedSops, "metadata">,
  plain: readonly SopsMap[],
  { wrapper, now, where = "the document", signal }: RotatingOptions,
): Promise<SopsMap[]> {
  const recipients = recipientsOf(metadata.groups, where);
  const encryption = await Encryption.of(plain, metadata.selection, where);
  const dataKey = newDataKey();
  try {
    const wrapped = await wrapDataKey(dataKey, recipients, metadata.shamirThreshold, wrapper, signal);
    const rotated = { ...metadata, ...wrapped, unknown: { kind: "map" as const, entries: [] } };
    const cipher = await ValueCipher.of(dataKey);
    return await finishedDocuments(encryption, rotated, { cipher, kept: null, now });
  } finally {
    dataKey.fill(0);
  }
}
