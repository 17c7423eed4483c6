import { assertNotWiped, wrapDataKey } from "./data-key.ts";
import type { SopsWrapper } from "./key-services.ts";
import type { SopsKeyEntry, SopsMetadata, SopsRecipient } from "./metadata.ts";
import { metadataMap, withMetadata, withoutMetadata } from "./metadata-tree.ts";
import type { OpenedSops } from "./open-document.ts";
import { identityOf, recipientOf, recipientsOf } from "./recipients.ts";
import { isSameTree } from "./same-tree.ts";
import type { SopsMap } from "./tree.ts";

/** For whom documents are to be encrypted from now on. */
export type UpdatingOptions = {
  groups: readonly (readonly SopsRecipient[])[];
  /** How many groups it takes; without it what the document says, or all where there are fewer. */
  shamirThreshold?: number;
  wrapper: SopsWrapper;
  /** Names the document in errors. */
  where?: string;
  signal: AbortSignal;
};

/**
 * Wraps the data key of documents for other recipients; values, MAC and time stay as they are. Who is taken out can open what was
 * encrypted before, and what will be until the document is rotated. Entries of services that we do not have are kept in
 * a document of one group.
 * @returns new documents; the given ones when nothing changed.
 * @throws SopsError (recipients; not-rewrappable for entries that would be lost); SealError of a recipient that cannot be
 * wrapped for.
 */
export async function updateSopsKeys(
  encrypted: readonly SopsMap[],
  { metadata, dataKey }: Pick<OpenedSops, "metadata" | "dataKey">,
  { groups, shamirThreshold, wrapper, where = "the document", signal }: UpdatingOptions,
): Promise<SopsMap[]> {
  assertNotWiped(dataKey);
  const threshold = shamirThreshold ?? Math.min(metadata.shamirThreshold, groups.length);
  const isWhole = groups.length === 1 && metadata.groups.length === 1;
  if (
    !isWhole &&
    areSame(groups, recipientsOf(metadata.groups, where)) &&
    threshold === metadata.shamirThreshold
  ) {
    return [...encrypted];
  }
  const wrapped = isWhole
    ? { groups: [await updatedGroup(metadata, dataKey, groups, wrapper, signal)] }
    : await wrapDataKey(dataKey, groups, threshold, wrapper, signal);
  const updated = { ...metadata, ...wrapped };
  if (isSameTree(metadataMap(updated), metadataMap(metadata))) return [...encrypted];
  return withMetadata(encrypted.map(withoutMetadata), updated);
}

/** The entries there are for whoever stays, and new ones for the others. */
async function updatedGroup(
  metadata: SopsMetadata,
  dataKey: OpenedSops["dataKey"],
  [wanted = []]: UpdatingOptions["groups"],
  wrapper: SopsWrapper,
  signal: AbortSignal,
): Promise<SopsKeyEntry[]> {
  const entries = metadata.groups[0] ?? [];
  const identities = new Set(wanted.map(identityOf));
  const kept = entries.filter((entry) => {
    const recipient = recipientOf(entry);
    return recipient === null || identities.has(identityOf(recipient));
  });
  const known = new Set(kept.flatMap((entry) => recipientOf(entry) ?? []).map(identityOf));
  const added = wanted.filter((recipient) => !known.has(identityOf(recipient)));
  if (added.length === 0 && wanted.length > 0) return kept;
  const wrapped = await wrapDataKey(dataKey, [added], 0, wrapper, signal);
  return [...kept, ...wrapped.groups.flat()];
}

function areSame(a: UpdatingOptions["groups"], b: UpdatingOptions["groups"]): boolean {
  return JSON.stringify(a.map(identities)) === JSON.stringify(b.map(identities));
}

function identities(group: readonly SopsRecipient[]): string[] {
  return group.map(identityOf).toSorted();
}
