import { createHash } from "node:crypto";
import { type DocumentFile, readDocumentFile } from "../../shared/document/document-file.ts";
import type { Edit, Path } from "../../shared/document/edit.ts";
import { METADATA_KEY } from "../../shared/document/sops/metadata-tree.ts";
import { parseEncryptedValue } from "../../shared/document/sops/value.ts";
import { SealError } from "../../shared/errors.ts";
import { KIND } from "../../shared/resource.ts";
import { describeScope, scopeOf } from "../../shared/scope.ts";
import { formOf, remoteBackend } from "../../shared/seal/codec.ts";
import { RemoteValueError } from "../../shared/seal/remote-value-error.ts";
import { parseSealedSecret, type SealedSecret } from "../../shared/sealed-secret.ts";
import { readSealingKeyHint } from "../../shared/sealing-key-hint.ts";
import { kindOf } from "../document-kind.ts";
import { keyNamed } from "../key-services/named-keys.ts";

/** What values hold, by document of the file and by item; for whoever has the keys and asked for it. */
export type PlainTexts = (document: number, path: Path) => string | null;

/**
 * A file of sealed values as people compare it: each value is replaced by what can be told of it without a key - what it is
 * sealed under, for which scope, and a digest of the ciphertext - and all else stays as it is. What cannot be read, or has
 * nothing sealed in it, stays as it is.
 * @param plain what values hold; null where nobody asked.
 */
export function readableForm(bytes: Uint8Array, where: string, plain: PlainTexts | null = null): Uint8Array {
  try {
    const file = readDocumentFile(bytes, where);
    let isChanged = false;
    for (const index of file.documents.keys()) isChanged = shorten(file, index, plain) || isChanged;
    return isChanged ? file.toBytes() : bytes;
  } catch (error) {
    // A difference is shown of what lies there, whatever it is.
    if (error instanceof SealError) return bytes;
    throw error;
  }
}

function shorten(file: DocumentFile, index: number, plain: PlainTexts | null): boolean {
  const value = file.documents[index]?.value;
  const edits: Edit[] = [];
  const sealed = sealedSecretIn(value);
  for (const [path, text] of textsIn(value)) {
    const said =
      sealed === null ? shortened(path, text) : (shortenedItem(sealed, path, text) ?? shortened(path, text));
    if (said === null) continue;
    const open = plain?.(index, path) ?? null;
    edits.push({ path, value: open === null ? `<${said}>` : open });
  }
  if (edits.length === 0) return false;
  file.edit(index, edits);
  return true;
}

function sealedSecretIn(value: unknown): SealedSecret | null {
  if (kindOf(value) !== KIND) return null;
  try {
    return parseSealedSecret(value, "");
  } catch (error) {
    if (error instanceof SealError) return null;
    throw error;
  }
}

/** What is told of an item of `spec.encryptedData`; null for what is none, and for values of SOPS. */
function shortenedItem(sealed: SealedSecret, path: Path, text: string): string | null {
  const [first, second, item] = path;
  if (first !== "spec" || second !== "encryptedData" || typeof item !== "string" || path.length !== 3)
    return null;
  const under = keyOf(sealed, item, text);
  if (under === null) return null;
  const { namespace = "", name, annotations } = sealed.metadata;
  const scope = describeScope(scopeOf({ namespace, name, annotations: annotations ?? undefined }));
  return `sealed under ${under}, ${scope}, ${digest(text)}`;
}

function keyOf({ metadata }: SealedSecret, item: string, text: string): string | null {
  const form = formOf(text);
  if (form.backend === "classic") {
    const hint = readSealingKeyHint(metadata.annotations, [item]).get(item);
    return hint === undefined ? "a key of the cluster" : `the cluster's key ${hint}`;
  }
  const backend = remoteBackend(form);
  if (backend === null) return null;
  const service = backend === "kms" ? "AWS KMS key" : "Vault key";
  try {
    return `${service} ${keyNamed(backend, item, text)}`;
  } catch (error) {
    if (error instanceof RemoteValueError) return `no readable ${service}`;
    throw error;
  }
}

/** What is told of a value of SOPS, and of a data key it wrapped; null for any other text. */
function shortened(path: Path, text: string): string | null {
  const value = parseEncryptedValue(text);
  if (value !== null) {
    const bytes = value.data.length;
    return `encrypted ${value.type}, ${bytes} byte${bytes === 1 ? "" : "s"}, ${digest(text)}`;
  }
  return path[0] === METADATA_KEY && path.at(-1) === "enc" ? `wrapped data key, ${digest(text)}` : null;
}

/** Enough to see that two ciphertexts differ; it tells nothing of what lies in them. */
function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

function* textsIn(value: unknown, path: Path = []): Generator<[Path, string]> {
  if (typeof value === "string") yield [path, value];
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value))
    yield* textsIn(inner, [...path, Array.isArray(value) ? Number(key) : key]);
}
