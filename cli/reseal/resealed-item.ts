import type { RemoteBackend } from "../../shared/seal/codec.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";

/** What became of a value that was to lie under the newest key. */
export type ItemState =
  /** It was sealed anew. */
  | "resealed"
  /** The newest key opened it: it stays. */
  | "newest"
  /** Its file says that it is under the newest key, and nobody opened it: it stays. */
  | "claimed"
  /** A key at hand opened it that is newer than the one to seal under: it stays. */
  | "newer"
  /** Values of its backend were not asked for. */
  | "left-out";

/** One value, and what became of it. */
export type ResealedItem = {
  item: string;
  backend: "classic" | RemoteBackend | "sops";
  state: ItemState;
  /** Its text afterwards. */
  value: string;
  /** The key that opened it before: a fingerprint; null where nobody here opened it. */
  from: string | null;
  /** The key that it is under now, as far as that is known: a fingerprint; null for other backends. */
  to: string | null;
};

/** Seals values of the classic backend anew. */
export type ClassicResealer = {
  /**
   * @param object where they stand, and under which scope.
   * @param items its values of that backend.
   * @param where names the object in errors.
   * @returns all of them, by item.
   * @throws SealError when one of them does not open under its scope, or cannot be sealed.
   */
  reseal(
    object: SealedSecret,
    items: ReadonlyMap<string, string>,
    where: string,
  ): Promise<ReadonlyMap<string, ResealedItem>>;
};
