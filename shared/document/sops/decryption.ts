import { type Bytes, fromUtf8 } from "../../bytes.ts";
import { commentOf, isLeafType, leafBytes, leafOf } from "./leaf-bytes.ts";
import type { Naming } from "./place.ts";
import { SopsError } from "./sops-error.ts";
import { type EncryptedValue, looksEncrypted, parseEncryptedValue, type ValueCipher } from "./value.ts";
import type { CommentSlot, LeafSlot, Walked } from "./walk.ts";

type Planned<Slot> = { slot: Slot; encrypted: EncryptedValue | null };

/**
 * What is to be decrypted of a document. Making it needs no key, so that nobody is asked for one whose document is
 * none in the first place.
 */
export class Decryption {
  readonly #planned: readonly (Planned<LeafSlot> | Planned<CommentSlot>)[];
  readonly #naming: Naming;

  /** @throws SopsError (not-encrypted, malformed-value) */
  constructor({ slots }: Walked, naming: Naming) {
    this.#naming = naming;
    this.#planned = slots.map((slot) =>
      slot.kind === "leaf"
        ? { slot, encrypted: encryptedLeaf(slot, naming) }
        : { slot, encrypted: encryptedComment(slot) },
    );
  }

  /**
   * Puts plaintext in the place of all that is encrypted. A comment that does not open stays as it is: no MAC covers it.
   * @param macOnlyEncrypted whether the MAC leaves out what stands in clear.
   * @returns the bytes that the MAC covers, in their order.
   * @throws SopsError (not-authentic, wrong-type, structure) naming the first value in order that is not what it must be.
   */
  async carryOut(cipher: ValueCipher, macOnlyEncrypted: boolean): Promise<Uint8Array[]> {
    const opened = await Promise.all(
      this.#planned.map(({ slot, encrypted }) =>
        encrypted === null ? null : cipher.decrypt(encrypted, bindingOf(slot)),
      ),
    );
    const covered: Uint8Array[] = [];
    for (const [index, { slot, encrypted }] of this.#planned.entries()) {
      const plaintext = opened[index] ?? null;
      if (slot.kind === "comment") {
        const text = plaintext === null ? null : commentOf(plaintext);
        if (text !== null) slot.put(text);
      } else if (encrypted === null) {
        if (!slot.isEncrypted && !macOnlyEncrypted) this.#cover(slot, covered);
      } else {
        this.#putLeaf(slot, encrypted.type, plaintext, covered);
      }
    }
    return covered;
  }

  #putLeaf(slot: LeafSlot, type: string, plaintext: Bytes | null, covered: Uint8Array[]): void {
    const at = this.#naming.place(slot.place);
    if (plaintext === null) {
      throw new SopsError(
        "not-authentic",
        `${at} does not open: it was changed, moved, or encrypted under another data key`,
        "take the value as SOPS wrote it, or set it anew",
      );
    }
    const text = type === "comment" ? commentOf(plaintext) : null;
    if (slot.putComment !== null && text !== null) {
      slot.putComment(text);
      return;
    }
    if (isLeafType(type) && type !== "comment") {
      const value = leafOf(type, plaintext);
      if (value !== null) {
        slot.put(value);
        covered.push(plaintext);
        return;
      }
    }
    throw new SopsError(
      "wrong-type",
      `${at} does not hold what its type says`,
      "take the value as SOPS wrote it, or set it anew",
    );
  }

  #cover({ value, place }: LeafSlot, covered: Uint8Array[]): void {
    if (value.kind === "null") return;
    const bytes = leafBytes(value);
    if (bytes === null) throw outOfRange(this.#naming.place(place));
    covered.push(bytes);
  }
}

/** What the value of a slot is bound to. A comment before all keys has no path, and a colon for it. */
export function bindingOf({ kind, place }: LeafSlot | CommentSlot): string {
  return kind === "comment" && place.binding === "" ? ":" : place.binding;
}

/** That an int cannot be held. */
export function outOfRange(at: string): SopsError {
  return new SopsError(
    "structure",
    `${at} is a whole number of more than 64 bits, which SOPS has no form for`,
    "put it in quotes",
  );
}

/** @returns null for what is taken as it is: what stands in clear, null, and the empty string. */
function encryptedLeaf(
  { value, isEncrypted, place, putComment }: LeafSlot,
  naming: Naming,
): EncryptedValue | null {
  if (!isEncrypted || value.kind === "null") return null;
  if (value.kind === "str" && value.bytes.length === 0) return null;
  const text = value.kind === "str" ? fromUtf8(value.bytes) : null;
  if (text === null || !looksEncrypted(text)) {
    throw new SopsError(
      "not-encrypted",
      `${naming.place(place)} stands in clear, and the document's rule says that it is encrypted`,
      "set the value with sops, or let the rule leave it out",
    );
  }
  const encrypted = parseEncryptedValue(text);
  if (
    encrypted !== null &&
    isLeafType(encrypted.type) &&
    (encrypted.type !== "comment" || putComment !== null)
  ) {
    return encrypted;
  }
  throw new SopsError(
    "malformed-value",
    `${naming.place(place)} is no encrypted value of the form ENC[AES256_GCM,data:…,iv:…,tag:…,type:…]`,
    "take the value as SOPS wrote it, or set it anew",
  );
}

function encryptedComment({ isEncrypted, text }: CommentSlot): EncryptedValue | null {
  const encrypted = isEncrypted ? parseEncryptedValue(text) : null;
  return encrypted?.type === "comment" ? encrypted : null;
}
