import { fromUtf8, toBase64 } from "../../shared/bytes.ts";
import { readDocumentFile } from "../../shared/document/document-file.ts";
import { hasMetadata } from "../../shared/document/sops/metadata-tree.ts";
import { plainValueOf } from "../../shared/document/sops/object-tree.ts";
import { openSopsDocuments } from "../../shared/document/sops/open-document.ts";
import { readSopsTree } from "../../shared/document/sops/read-tree.ts";
import { SealError } from "../../shared/errors.ts";
import { tryValues } from "../../shared/open-sealed-secret.ts";
import { KIND } from "../../shared/resource.ts";
import { parseSealedSecret } from "../../shared/sealed-secret.ts";
import { kindOf } from "../document-kind.ts";
import type { Io } from "../io.ts";
import { readOpeningKeys } from "../opening-keys.ts";
import { localUnwrapper } from "./local-unwrapper.ts";
import { atPath } from "./merge/three-way.ts";
import type { PlainTexts } from "./readable-form.ts";

/**
 * What the values of a file hold, as far as keys on this machine open them: private sealing keys of the files named, and
 * age identities. What does not open is left out.
 * @throws SealError when a key file cannot be read.
 */
export async function plainTexts(
  bytes: Uint8Array,
  where: string,
  keyFiles: readonly string[],
  io: Io,
): Promise<PlainTexts> {
  const { keys } = await readOpeningKeys(keyFiles, io, false);
  return (await unlessUnread(() => ofSops(bytes, where, io))) ?? (await ofSealedSecrets(bytes, where, keys));
}

async function ofSops(bytes: Uint8Array, where: string, io: Io): Promise<PlainTexts | null> {
  const text = fromUtf8(bytes) ?? "";
  const tree = readSopsTree(text, /\.json$/i.test(where) || /^\s*\{/.test(text) ? "json" : "yaml", where);
  if (!hasMetadata(tree)) return null;
  const { signal } = new AbortController();
  const opened = await openSopsDocuments(tree, { unwrapper: await localUnwrapper(io), where, signal });
  opened.wipe();
  const values = opened.documents.map((document) => plainValueOf(document));
  return (document, path) => {
    const value = atPath(values[document], path);
    return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
      ? String(value)
      : null;
  };
}

async function ofSealedSecrets(
  bytes: Uint8Array,
  where: string,
  keys: Parameters<typeof tryValues>[1]["keys"],
): Promise<PlainTexts> {
  const documents = (await unlessUnread(async () => readDocumentFile(bytes, where).documents)) ?? [];
  const plain = new Map<string, string>();
  for (const [index, { value }] of documents.entries()) {
    if (kindOf(value) !== KIND) continue;
    const sealed = await unlessUnread(async () => parseSealedSecret(value, where));
    if (sealed === null) continue;
    const context = {
      clusterId: null,
      keys,
      acceptWholeObject: false,
      diagnose: false,
      giveUpAfter: Number.POSITIVE_INFINITY,
    };
    const tried = await tryValues(sealed, context, new AbortController().signal);
    if (!tried.ok) continue;
    for (const [item, outcome] of tried.outcomes) {
      if (outcome.kind !== "opened") continue;
      const text = fromUtf8(outcome.plaintext) ?? `base64:${toBase64(outcome.plaintext)}`;
      plain.set(`${index} ${item}`, text);
    }
  }
  return (document, path) =>
    path[0] === "spec" && path[1] === "encryptedData" && path.length === 3
      ? (plain.get(`${document} ${String(path[2])}`) ?? null)
      : null;
}

/** A difference is shown whatever lies there. */
async function unlessUnread<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SealError) return null;
    throw error;
  }
}
