import { utf8 } from "../../bytes.ts";
import { bindingOf, outOfRange } from "./decryption.ts";
import type { KeptValues } from "./kept-values.ts";
import { type LeafType, leafBytes } from "./leaf-bytes.ts";
import { macOf } from "./mac.ts";
import type { SopsMetadata, SopsSelection } from "./metadata.ts";
import { METADATA_KEY, withMetadata } from "./metadata-tree.ts";
import { Naming } from "./place.ts";
import { sopsTime } from "./rfc-3339.ts";
import { type Selector, selectorOf } from "./selection.ts";
import { SopsError } from "./sops-error.ts";
import type { SopsMap } from "./tree.ts";
import type { ValueCipher } from "./value.ts";
import { type CommentSlot, type LeafSlot, type Walked, walk } from "./walk.ts";

/** What is to be encrypted of plain documents. Making it needs no key. */
export class Encryption {
  readonly #walked: Walked;
  readonly #selector: Selector;
  readonly #naming: Naming;

  private constructor(walked: Walked, selector: Selector, naming: Naming) {
    this.#walked = walked;
    this.#selector = selector;
    this.#naming = naming;
  }

  /**
   * @param where names the documents in errors.
   * @throws SopsError (structure, reserved, rule)
   */
  static async of(plain: readonly SopsMap[], selection: SopsSelection, where: string): Promise<Encryption> {
    const naming = new Naming(where, plain.length);
    checkDocuments(plain, naming);
    const selector = await selectorOf(selection, where);
    const encryption = new Encryption(
      walk(plain, { selector, naming, dropsListComments: true }),
      selector,
      naming,
    );
    for (const slot of encryption.#walked.slots) if (slot.kind === "leaf") encryption.#check(slot);
    return encryption;
  }

  /**
   * Encrypts all that is selected.
   * @param kept encrypted values that stay as they are where their plaintext does.
   * @returns the documents without metadata, and their MAC in clear.
   */
  async carryOut(
    cipher: ValueCipher,
    macOnlyEncrypted: boolean,
    kept: KeptValues | null,
  ): Promise<{ documents: SopsMap[]; mac: string }> {
    const covered: Uint8Array[] = [];
    const works = this.#walked.slots.map((slot) => {
      const plaintext = plaintextOf(slot);
      if (slot.kind === "leaf" && plaintext !== null && (slot.isEncrypted || !macOnlyEncrypted)) {
        covered.push(plaintext);
      }
      if (!slot.isEncrypted || plaintext === null || plaintext.length === 0) return null;
      const type: LeafType =
        slot.kind === "comment" || slot.value.kind === "null" ? "comment" : slot.value.kind;
      const binding = bindingOf(slot);
      return kept?.take(binding, type, plaintext) ?? cipher.encrypt(plaintext, binding, type);
    });
    for (const [index, text] of (await Promise.all(works)).entries()) {
      const slot = this.#walked.slots[index];
      if (slot !== undefined && text !== null) this.#put(slot, text);
    }
    return { documents: this.#walked.documents, mac: await macOf(covered, macOnlyEncrypted) };
  }

  #put(slot: LeafSlot | CommentSlot, text: string): void {
    if (slot.kind === "leaf") {
      slot.put({ kind: "str", bytes: utf8(text) });
      return;
    }
    if (this.#selector.by === "comment" && this.#selector.fits(text)) {
      throw new SopsError(
        "rule",
        `${this.#naming.place(slot.place)}: a comment would, once it is encrypted, keep what follows it in clear`,
        "write an unencrypted_comment_regex that no encrypted value fits",
      );
    }
    slot.put(text);
  }

  #check({ value, isEncrypted, place }: LeafSlot): void {
    if (value.kind === "null") return;
    if (leafBytes(value) === null) throw outOfRange(this.#naming.place(place));
    if (isEncrypted || value.kind !== "float" || !Object.is(value.value, -0)) return;
    throw new SopsError(
      "structure",
      `${this.#naming.place(place)} is minus zero, which reads as 0 once it is written`,
      "put it in quotes, or write 0",
    );
  }
}

function plaintextOf(slot: LeafSlot | CommentSlot): Uint8Array | null {
  if (slot.kind === "comment") return utf8(slot.text);
  return slot.value.kind === "null" ? null : leafBytes(slot.value);
}

function checkDocuments(plain: readonly SopsMap[], naming: Naming): void {
  if (plain.length === 0) {
    throw new SopsError("structure", `${naming.stream}: there is no document`, "give at least one mapping");
  }
  for (const [index, { entries }] of plain.entries()) {
    if (!entries.some((entry) => entry.kind === "entry" && entry.key === METADATA_KEY)) continue;
    throw new SopsError(
      "reserved",
      `${naming.document(index)}: there is an entry sops, where the metadata belongs`,
      "decrypt the document first if it is encrypted, else give the entry another name",
    );
  }
}

/**
 * Encrypts documents and puts their metadata behind them, with a MAC of now.
 * @param metadata without MAC and time.
 */
export async function finishedDocuments(
  encryption: Encryption,
  metadata: Omit<SopsMetadata, "mac" | "lastModified">,
  { cipher, kept, now }: { cipher: ValueCipher; kept: KeptValues | null; now: Date },
): Promise<SopsMap[]> {
  const lastModified = sopsTime(now);
  const { documents, mac } = await encryption.carryOut(cipher, metadata.macOnlyEncrypted, kept);
  const encryptedMac = await cipher.encrypt(utf8(mac), lastModified, "str");
  return withMetadata(documents, { ...metadata, lastModified, mac: encryptedMac });
}
