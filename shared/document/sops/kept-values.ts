import { toBase64 } from "../../bytes.ts";
import type { LeafType } from "./leaf-bytes.ts";

/**
 * Encrypted values of a document, by what they hold and what they are bound to. Each is given out once: equal values get
 * different ones, so that nothing tells that they are equal.
 */
export class KeptValues {
  readonly #texts = new Map<string, string[]>();

  /** Keeps an encrypted value. Those that are kept first are given out first. */
  keep(binding: string, type: LeafType, plaintext: Uint8Array, text: string): void {
    const id = idOf(binding, type, plaintext);
    const texts = this.#texts.get(id);
    if (texts === undefined) this.#texts.set(id, [text]);
    else texts.push(text);
  }

  /** @returns the encrypted value that holds just this, null when there is none left. */
  take(binding: string, type: LeafType, plaintext: Uint8Array): string | null {
    return this.#texts.get(idOf(binding, type, plaintext))?.shift() ?? null;
  }
}

function idOf(binding: string, type: LeafType, plaintext: Uint8Array): string {
  return `${type},${toBase64(plaintext)},${binding}`;
}
