import type { Bytes } from "../bytes.ts";

/** Pairs that AWS KMS binds a data key to; the same ones are needed to open it. They stand in CloudTrail in clear. */
export type KmsContext = Readonly<Record<string, string>>;

/** As whom AWS is called: a profile of the shared configuration, and a role to take on with its credentials; each empty for none. */
export type KmsCaller = { profile: string; role: string };

/** A data key as KMS gave it out wrapped, and the key it is wrapped under: key or alias ARN. */
export type WrappedDataKey = { key: string; blob: Bytes };

/**
 * The calls on AWS KMS that sealing and opening take.
 * Each throws KeyServiceError when KMS cannot or will not do it, and the signal's reason when aborted.
 */
export interface KmsApi {
  /**
   * A new data key of 32 bytes.
   * @param key key id, key ARN, `alias/NAME` or alias ARN.
   * @returns the data key in clear, which the caller wipes, and wrapped; `key` is the key's ARN.
   */
  generateDataKey(
    key: string,
    context: KmsContext,
    signal: AbortSignal,
  ): Promise<WrappedDataKey & { dataKey: Bytes }>;
  /**
   * Wraps bytes that are at hand, of up to 4,096.
   * @param key key id, key ARN, `alias/NAME` or alias ARN.
   */
  encrypt(
    key: string,
    plaintext: Uint8Array,
    context: KmsContext,
    signal: AbortSignal,
  ): Promise<WrappedDataKey>;
  /** @returns the data key in clear, which the caller wipes; null when key, blob and context do not belong together. */
  decrypt(wrapped: WrappedDataKey, context: KmsContext, signal: AbortSignal): Promise<Bytes | null>;
  /**
   * Wraps a data key anew inside KMS, for the same context.
   * @param to key id, ARN or alias of the key to use; the same key again makes use of its newest version.
   * @returns null when key, blob and context do not belong together.
   */
  reEncrypt(
    wrapped: WrappedDataKey,
    context: KmsContext,
    to: string,
    signal: AbortSignal,
  ): Promise<WrappedDataKey | null>;
}
