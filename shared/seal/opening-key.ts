import type { Bytes } from "../bytes.ts";
import type { RawBlockVerdict } from "./oaep.ts";

/** The private half of a sealing key, as the classic format needs it. */
export interface OpeningKey {
  /** `SHA256:…` of its public half. */
  readonly fingerprint: string;
  /** Length of the RSA modulus, which is the length of the blocks it opens. */
  readonly modulusBytes: number;
  /** When sealing with it began, where that is known: the begin of its certificate. Orders trials and does no more. */
  readonly since?: Date;
  /** RSA-OAEP decryption of one block. @returns null when the block does not open under that label. */
  unwrap(block: Bytes, label: Bytes): Promise<Bytes | null>;
  /**
   * The diagnosis: one bare RSA private-key operation and the judgement on what comes of it, which is all that leaves
   * the place where the key is.
   * @returns not well formed for a block that is not below the modulus too; null when no judgement could be made.
   */
  judge(block: Bytes): Promise<RawBlockVerdict | null>;
  /**
   * AES-GCM decryption with the format's nonce, where the platform has a better way than WebCrypto.
   * @param ciphertext with its tag at the end.
   * @returns null when the tag does not fit.
   */
  readonly decrypt?: (sessionKey: Bytes, ciphertext: Bytes) => Promise<Bytes | null>;
  /** RSASSA-PKCS1-v1_5 with SHA-256, where the platform offers it: for certificates of the key that succeeds this one. */
  readonly sign?: (content: Bytes) => Bytes;
}

/** The keys with that fingerprint before the others, which keep their order; an unknown one changes nothing. */
export function withFirst(
  keys: readonly OpeningKey[],
  fingerprint: string | undefined,
): readonly OpeningKey[] {
  if (fingerprint === undefined || keys[0]?.fingerprint === fingerprint) return keys;
  const first = keys.filter((key) => key.fingerprint === fingerprint);
  return first.length === 0 ? keys : [...first, ...keys.filter((key) => key.fingerprint !== fingerprint)];
}

/**
 * The order in which keys are tried for an object of that age: the key that was current when the object was created,
 * and the one before it (a value is sealed first and applied later, across a renewal at times); then the others as
 * given, newest first, since what was sealed anew was most likely sealed with the newest.
 * @param keys newest first; those without a known begin keep their place among the others.
 * @param created null where it is not known: then the order is as given.
 */
export function byAge(keys: readonly OpeningKey[], created: Date | null): readonly OpeningKey[] {
  if (created === null) return keys;
  const [current, before] = keys
    .filter(({ since }) => since !== undefined && since.getTime() <= created.getTime())
    .sort((a, b) => beginOf(b) - beginOf(a));
  return withFirst(withFirst(keys, before?.fingerprint), current?.fingerprint);
}

function beginOf({ since }: OpeningKey): number {
  return since?.getTime() ?? 0;
}
