import { fromUtf8, toBase64 } from "../../bytes.ts";
import { bindingOf } from "./decryption.ts";
import { isLeafType, type LeafType } from "./leaf-bytes.ts";
import { IV_BYTES, parseEncryptedValue, type ValueCipher } from "./value.ts";
import type { CommentSlot, LeafSlot, Walked } from "./walk.ts";

/**
 * Encrypted values of a document, by what they hold and what they are bound to. Each is given out once: equal values get
 * different ones, so that nothing tells that they are equal.
 */
export class KeptValues {
  readonly #texts = new Map<string, string[]>();

  private constructor() {}

  /**
   * All encrypted values of a document. Those whose IV is not of the length that SOPS writes are left out, since it could not
   * write them again.
   */
  static async of({ slots }: Walked, cipher: ValueCipher): Promise<KeptValues> {
    const values = new KeptValues();
    const opened = await Promise.all(slots.map((slot) => openSlot(slot, cipher)));
    for (const one of opened) if (one !== null) values.#keep(one.id, one.text);
    return values;
  }

  /** @returns the encrypted value that holds just this, the first of several first; null when there is none left. */
  take(binding: string, type: LeafType, plaintext: Uint8Array): string | null {
    return this.#texts.get(idOf(binding, type, plaintext))?.shift() ?? null;
  }

  #keep(id: string, text: string): void {
    const texts = this.#texts.get(id);
    if (texts === undefined) this.#texts.set(id, [text]);
    else texts.push(text);
  }
}

async function openSlot(
  slot: LeafSlot | CommentSlot,
  cipher: ValueCipher,
): Promise<{ id: string; text: string } | null> {
  const text = slot.isEncrypted ? textOf(slot) : null;
  const encrypted = text === null ? null : parseEncryptedValue(text);
  if (text === null || encrypted === null || encrypted.iv.length !== IV_BYTES) return null;
  const binding = bindingOf(slot);
  const plaintext = isLeafType(encrypted.type) ? await cipher.decrypt(encrypted, binding) : null;
  return plaintext === null ? null : { id: idOf(binding, encrypted.type, plaintext), text };
}

function textOf(slot: LeafSlot | CommentSlot): string | null {
  if (slot.kind === "comment") return slot.text;
  return slot.value.kind === "str" ? fromUtf8(slot.value.bytes) : null;
}

function idOf(binding: string, type: string, plaintext: Uint8Array): string {
  return `${type},${toBase64(plaintext)},${binding}`;
}
