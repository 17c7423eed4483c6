import type { Naming } from "./place.ts";
import { Place } from "./place.ts";
import type { Selector } from "./selection.ts";
import { SopsError } from "./sops-error.ts";
import type { SopsComment, SopsEntry, SopsList, SopsMap, SopsNode, SopsScalar } from "./tree.ts";

/** A value in the copy of a document, and how to put another one in its place. */
export type LeafSlot = {
  kind: "leaf";
  value: SopsScalar;
  isEncrypted: boolean;
  place: Place;
  put(value: SopsScalar): void;
  /** Puts a comment there, which only a list has room for. */
  putComment: ((text: string) => void) | null;
};

/** A comment in the copy of a document. It stands at the place of the mapping or list that it is in. */
export type CommentSlot = {
  kind: "comment";
  text: string;
  isEncrypted: boolean;
  place: Place;
  put(text: string): void;
};

/** A copy whose values and comments can be replaced, in their order. */
export type Walked = { documents: SopsMap[]; slots: (LeafSlot | CommentSlot)[] };

/** What is walked, and how it is judged. */
export type WalkOptions = {
  selector: Selector;
  naming: Naming;
  /**
   * Whether comments in lists are left out that were to be encrypted. SOPS writes those as items of the list, and one of
   * its versions cannot read that.
   */
  dropsListComments: boolean;
};

const DEEPEST = 500;
/** Characters of the keys on the way to a value: each value is decrypted with all of them beside it, and all values at once. */
const LONGEST_WAY = 16 * 1024;

/**
 * Copies documents and tells of each value and comment whether it is to be encrypted.
 * @throws SopsError (structure) when mappings and lists stand deeper in one another than any document needs, or keys are longer.
 */
export function walk(documents: readonly SopsMap[], options: WalkOptions): Walked {
  const slots: Walked["slots"] = [];
  const copies = documents.map((document, index) =>
    new Walk(slots, options).map(document, Place.root(index), false, 0),
  );
  return { documents: copies, slots };
}

class Walk {
  readonly #slots: Walked["slots"];
  readonly #options: WalkOptions;
  readonly #selector: Selector;
  /** Open mappings and lists in which a comment fits that stands before the entry at hand. */
  #fittingScopes = 0;

  constructor(slots: Walked["slots"], options: WalkOptions) {
    this.#slots = slots;
    this.#options = options;
    this.#selector = options.selector;
  }

  /** @param fits whether a key on the way here fits. */
  map(map: SopsMap, place: Place, fits: boolean, depth: number): SopsMap {
    this.#checkDepth(place, depth);
    const scope = new CommentScope();
    const entries: SopsMap["entries"] = [];
    for (const entry of map.entries) {
      if (entry.kind === "comment") {
        entries.push(this.#comment(entry, place, fits, scope).copy);
        continue;
      }
      const copy: SopsEntry = { ...entry };
      const inner = place.entry(entry.key);
      this.#checkWay(inner);
      const keyFits = fits || (this.#selector.by === "key" && this.#selector.fits(entry.key));
      copy.value = this.#node(entry.value, inner, keyFits, depth, null, (value) => {
        copy.value = value;
      });
      entries.push(copy);
      this.#leave(scope);
    }
    this.#leave(scope);
    return { kind: "map", entries };
  }

  #list(list: SopsList, place: Place, fits: boolean, depth: number): SopsList {
    this.#checkDepth(place, depth);
    const scope = new CommentScope();
    const items: SopsList["items"] = [];
    let position = 0;
    for (const item of list.items) {
      if (item.kind === "comment") {
        const { copy, slot } = this.#comment(item, place, fits, scope, this.#options.dropsListComments);
        if (slot) items.push(copy);
        continue;
      }
      const at = items.length;
      const putComment = (text: string) => {
        items[at] = { kind: "comment", text };
      };
      items.push({ kind: "null" });
      items[at] = this.#node(item, place.item(position++), fits, depth, putComment, (value) => {
        items[at] = value;
      });
      this.#leave(scope);
    }
    this.#leave(scope);
    return { kind: "list", items };
  }

  #node(
    node: SopsNode,
    place: Place,
    fits: boolean,
    depth: number,
    putComment: LeafSlot["putComment"],
    put: LeafSlot["put"],
  ): SopsNode {
    if (node.kind === "map") return this.map(node, place, fits, depth + 1);
    if (node.kind === "list") return this.#list(node, place, fits, depth + 1);
    const isEncrypted = this.#isEncrypted(fits);
    this.#slots.push({ kind: "leaf", value: node, isEncrypted, place, put, putComment });
    return node;
  }

  /** @returns the copy, and whether it has a slot, which it has not when it is to be left out. */
  #comment(comment: SopsComment, place: Place, fits: boolean, scope: CommentScope, dropsEncrypted = false) {
    const copy = { ...comment };
    // A comment that has others encrypted is not, itself; one that keeps others in clear stays so, too.
    const before = this.#isEncrypted(fits);
    if (this.#selector.by === "comment" && this.#selector.fits(comment.text)) this.#enter(scope);
    const isEncrypted = this.#selector.encryptsWhatFits ? before : this.#isEncrypted(fits);
    if (isEncrypted && dropsEncrypted) return { copy, slot: false };
    const put = (text: string) => {
      copy.text = text;
    };
    this.#slots.push({ kind: "comment", text: comment.text, isEncrypted, place, put });
    return { copy, slot: true };
  }

  #isEncrypted(keyFits: boolean): boolean {
    const fits = this.#selector.by === "key" ? keyFits : this.#fittingScopes > 0;
    return fits === this.#selector.encryptsWhatFits;
  }

  #enter(scope: CommentScope): void {
    if (scope.fits) return;
    scope.fits = true;
    this.#fittingScopes++;
  }

  #leave(scope: CommentScope): void {
    if (!scope.fits) return;
    scope.fits = false;
    this.#fittingScopes--;
  }

  #checkWay(place: Place): void {
    if (place.binding.length <= LONGEST_WAY) return;
    throw new SopsError(
      "structure",
      `${this.#options.naming.place(place)}: the keys that lead there are longer than ${LONGEST_WAY} characters`,
      "give it shorter keys",
    );
  }

  #checkDepth(place: Place, depth: number): void {
    if (depth <= DEEPEST) return;
    throw new SopsError(
      "structure",
      `${this.#options.naming.document(place.document)}: mappings and lists stand more than ${DEEPEST} deep in one another`,
      "encrypt values, not structures of that depth",
    );
  }
}

/** Whether one of the comments before the next entry of an open mapping or list fits. */
class CommentScope {
  fits = false;
}
