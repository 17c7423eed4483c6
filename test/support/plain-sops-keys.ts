import { type Bytes, fromBase64, toBase64 } from "../../shared/bytes.ts";
import type { SopsUnwrapper, SopsWrapper, Unwrapped } from "../../shared/document/sops/key-services.ts";
import type { SopsKeyEntry, SopsRecipient } from "../../shared/document/sops/metadata.ts";
import { InputError } from "../../shared/errors.ts";

const MADE_AT = "2026-01-02T03:04:05Z";

/**
 * Key services for tests that hide nothing: what they wrap is base64 of it. They keep what they handed out, so that a test sees
 * whether it was wiped, and whom they were asked for.
 */
export class PlainSopsKeys implements SopsUnwrapper, SopsWrapper {
  /** Names of recipients and key entries that do not open, and cannot be wrapped for. */
  readonly refused = new Set<string>();
  readonly handedOut: Bytes[] = [];
  readonly taken: Uint8Array[] = [];
  readonly unwrapped: string[] = [];
  readonly wrapped: string[] = [];

  async unwrap(entry: SopsKeyEntry): Promise<Unwrapped> {
    const name = plainKeyName(entry);
    this.unwrapped.push(name);
    const read = entry.type === "other" || this.refused.has(name) ? null : fromBase64(plainOf(entry.enc));
    if (read === null || !("bytes" in read)) {
      return { problem: new InputError(`${name} does not open`, "give another key") };
    }
    this.handedOut.push(read.bytes);
    return { share: read.bytes };
  }

  async wrap(recipient: SopsRecipient, share: Uint8Array): Promise<SopsKeyEntry> {
    const name = plainKeyName(recipient);
    if (this.refused.has(name)) throw new InputError(`${name} cannot be wrapped for`, "name another key");
    this.wrapped.push(name);
    this.taken.push(share);
    const enc = `plain:${toBase64(share)}`;
    return recipient.type === "age" ? { ...recipient, enc } : { ...recipient, enc, createdAt: MADE_AT };
  }
}

function plainOf(enc: string): string {
  return enc.startsWith("plain:") ? enc.slice("plain:".length) : "no base64";
}

/** The name of an entry or recipient: its age recipient, its ARN, its Vault key, or the list of another service. */
export function plainKeyName(entry: SopsKeyEntry | SopsRecipient): string {
  switch (entry.type) {
    case "age":
      return entry.recipient;
    case "kms":
      return entry.arn;
    case "hc_vault":
      return entry.keyName;
    case "other":
      return entry.list;
  }
}
