import type { Bytes } from "../../bytes.ts";
import { openDataKey } from "./data-key.ts";
import { Decryption } from "./decryption.ts";
import type { SopsUnwrapper } from "./key-services.ts";
import { isMac, macOf } from "./mac.ts";
import type { SopsMetadata } from "./metadata.ts";
import { metadataOf } from "./metadata-tree.ts";
import { Naming } from "./place.ts";
import { selectorOf } from "./selection.ts";
import { SopsError } from "./sops-error.ts";
import type { SopsMap } from "./tree.ts";
import { type EncryptedValue, parseEncryptedValue, ValueCipher } from "./value.ts";
import { walk } from "./walk.ts";

/** A SOPS document in clear, whose MAC was found right. */
export type OpenedSops = {
  /** Without the metadata. */
  documents: SopsMap[];
  metadata: SopsMetadata;
  /** 32 bytes. */
  dataKey: Bytes;
  /** Wipes the data key. The documents are the caller's. */
  wipe(): void;
};

/** Who unwraps, what names the document in errors, and what ends the work. */
export type OpeningOptions = { unwrapper: SopsUnwrapper; where: string; signal: AbortSignal };

/**
 * Opens a stream of documents, the given ones unchanged. Form and rule are judged before a key is asked for, and nothing
 * is given out unless the MAC is that of the content.
 * @throws SopsError; SopsKeyError when the data key cannot be had; the signal's reason when aborted.
 */
export async function openSopsDocuments(
  encrypted: readonly SopsMap[],
  { unwrapper, where, signal }: OpeningOptions,
): Promise<OpenedSops> {
  const { metadata, documents: bare } = metadataOf(encrypted, where);
  const mac = readMac(metadata, where);
  const naming = new Naming(where, bare.length);
  const selector = await selectorOf(metadata.selection, where);
  const walked = walk(bare, { selector, naming, dropsListComments: false });
  const decryption = new Decryption(walked, naming);
  const dataKey = await openDataKey(metadata, unwrapper, where, signal);
  try {
    const cipher = await ValueCipher.of(dataKey);
    const covered = await decryption.carryOut(cipher, metadata.macOnlyEncrypted);
    await checkMac(mac, covered, metadata, cipher, where);
    signal.throwIfAborted();
    return { documents: walked.documents, metadata, dataKey, wipe: () => dataKey.fill(0) };
  } catch (error) {
    dataKey.fill(0);
    throw error;
  }
}

function readMac({ mac }: SopsMetadata, where: string): EncryptedValue {
  if (mac === "") {
    throw new SopsError("no-mac", `${where}: sops has no mac`, "take the document as SOPS wrote it");
  }
  const encrypted = parseEncryptedValue(mac);
  if (encrypted?.type === "str") return encrypted;
  throw new SopsError(
    "metadata",
    `${where}: sops.mac is no encrypted string of the form ENC[AES256_GCM,…]`,
    "take the document as SOPS wrote it",
  );
}

async function checkMac(
  mac: EncryptedValue,
  covered: readonly Uint8Array[],
  { lastModified, macOnlyEncrypted }: SopsMetadata,
  cipher: ValueCipher,
  where: string,
): Promise<void> {
  const stated = await cipher.decrypt(mac, lastModified);
  if (stated !== null && isMac(stated, await macOf(covered, macOnlyEncrypted))) return;
  throw new SopsError(
    "mac-mismatch",
    `${where}: its mac is not that of its content: something was changed, moved, added or removed without sops`,
    "take the document as SOPS wrote it, and make the change with sops",
  );
}
