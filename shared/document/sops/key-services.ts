import type { Bytes } from "../../bytes.ts";
import type { SealError } from "../../errors.ts";
import type { SopsKeyEntry, SopsRecipient } from "./metadata.ts";

/** What came of unwrapping one entry. The share is the data key (32 bytes), or a share of it (33), and the caller's to wipe. */
export type Unwrapped =
  | { share: Bytes }
  /** Why this entry does not open: no identity at hand, not allowed, refused, a service away. Another entry of the group may. */
  | { problem: SealError };

/** Who unwraps entries: age identities, AWS KMS and Vault, each under its allow-list. */
export interface SopsUnwrapper {
  /**
   * @returns never rejects for what one entry is; a passing fault of a service is a `KeyServiceError` as problem.
   * @throws the signal's reason when aborted.
   */
  unwrap(entry: SopsKeyEntry, signal: AbortSignal): Promise<Unwrapped>;
}

/** Who wraps a data key, or a share of it, for recipients. */
export interface SopsWrapper {
  /** @throws SealError naming the recipient when it cannot be wrapped for. */
  wrap(recipient: SopsRecipient, share: Uint8Array, signal: AbortSignal): Promise<SopsKeyEntry>;
}
