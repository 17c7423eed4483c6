import { type Bytes, toBase64 } from "../bytes.ts";
import { SHORTEST_SEALED_BYTES } from "./envelope.ts";
import { fromStrictBase64, isKmsAliasArn, isKmsKeyArn } from "./key-text.ts";
import type { WrappedDataKey } from "./kms-api.ts";
import { RemoteValueError } from "./remote-value-error.ts";

/** A value of the format kms:1, taken apart. */
export type KmsValue = {
  /** The data key it is sealed under, as KMS wrapped it. */
  wrapped: WrappedDataKey;
  /** See envelope.ts. */
  sealed: Bytes;
};

/** Longest blob that KMS unwraps. */
const LONGEST_BLOB_BYTES = 6144;

/**
 * Reads `kms:1:ARN:BLOB:SEALED` (docs/formats.md).
 * @param item that the text stands under, for the error.
 * @throws RemoteValueError for anything else; it quotes nothing of the text.
 */
export function readKmsValue(item: string, text: string): KmsValue {
  const malformed = (what: string) => RemoteValueError.malformed(item, "kms", what);
  const version = /^kms:(0|[1-9]\d{0,3}):/.exec(text)?.[1];
  if (version === undefined) throw malformed("it names no version of the format");
  if (version !== "1") throw RemoteValueError.version(item, `kms:${version}`);
  const wrapped = readWrapped(text.slice("kms:1:".length));
  if (typeof wrapped === "string") throw malformed(wrapped);
  return wrapped;
}

/**
 * Reads `ARN:BLOB:SEALED`.
 * @returns what is wrong with it, in words, where it is none.
 */
export function readWrapped(text: string): KmsValue | string {
  // Base64 has no colon and ARNs have many: so it is taken apart from its end.
  const [, key = "", blobText = "", sealedText = ""] = /^(.*):([^:]*):([^:]*)$/s.exec(text) ?? [];
  if (!isKmsKeyArn(key) && !isKmsAliasArn(key)) return "it names no key by a key or alias ARN";
  const blob = fromStrictBase64(blobText);
  if (blob === null || blob.length === 0 || blob.length > LONGEST_BLOB_BYTES)
    return "its data key is not base64 of a length that AWS KMS unwraps";
  const sealed = fromStrictBase64(sealedText);
  if (sealed === null || sealed.length < SHORTEST_SEALED_BYTES)
    return "its sealed part is not base64, or too short";
  return { wrapped: { key, blob }, sealed };
}

/** The text of a value of the format kms:1; the key stands there as the ARN that `wrapped` has. */
export function writeKmsValue(value: KmsValue): string {
  return `kms:1:${writeWrapped(value)}`;
}

/** `ARN:BLOB:SEALED`. */
export function writeWrapped({ wrapped, sealed }: KmsValue): string {
  return `${wrapped.key}:${toBase64(wrapped.blob)}:${toBase64(sealed)}`;
}
