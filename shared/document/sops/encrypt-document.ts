import { newDataKey, wrapDataKey } from "./data-key.ts";
import { Encryption, finishedDocuments } from "./encryption.ts";
import type { SopsWrapper } from "./key-services.ts";
import type { SopsRecipient, SopsSelection } from "./metadata.ts";
import { DEFAULT_SELECTION } from "./selection.ts";
import type { SopsMap } from "./tree.ts";
import { ValueCipher } from "./value.ts";

/** The oldest version of SOPS that knows all that we write. */
const WRITTEN_VERSION = "3.9.0";

/** For whom and how plain documents are encrypted. */
export type EncryptingOptions = {
  /** Each entry of one group opens the document alone; of several groups it takes one entry each of so many. */
  groups: readonly (readonly SopsRecipient[])[];
  /** How many groups it takes; 0 for all. */
  shamirThreshold: number;
  /** The default is written as what it means. */
  selection: SopsSelection;
  macOnlyEncrypted: boolean;
  wrapper: SopsWrapper;
  now: Date;
  /** Names the documents in errors. */
  where?: string;
  signal: AbortSignal;
};

/**
 * Encrypts a stream of plain documents under a new data key. What is selected in them and is neither null nor empty becomes an
 * encrypted string; comments in lists that are selected are left out.
 * @returns new documents, each with the metadata behind its other entries.
 * @throws SopsError (structure, reserved, rule, recipients); SealError of a recipient that cannot be wrapped for.
 */
export async function encryptSopsDocuments(
  plain: readonly SopsMap[],
  {
    groups,
    shamirThreshold,
    selection,
    macOnlyEncrypted,
    wrapper,
    now,
    where = "the document",
    signal,
  }: EncryptingOptions,
): Promise<SopsMap[]> {
  const written = selection.rule === "default" ? DEFAULT_SELECTION : selection;
  const encryption = await Encryption.of(plain, written, where);
  const dataKey = newDataKey();
  try {
    const wrapped = await wrapDataKey(dataKey, groups, shamirThreshold, wrapper, signal);
    const metadata = {
      ...wrapped,
      selection: written,
      macOnlyEncrypted,
      version: WRITTEN_VERSION,
      unknown: { kind: "map" as const, entries: [] },
    };
    const cipher = await ValueCipher.of(dataKey);
    return await finishedDocuments(encryption, metadata, { cipher, kept: null, now });
  } finally {
    dataKey.fill(0);
  }
}
