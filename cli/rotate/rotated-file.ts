import type { ResealedItem } from "../reseal/resealed-item.ts";

/** A SealedSecret, and what became of its values. */
export type RotatedObject = {
  /** For people: `FILE: document 2`. */
  where: string;
  /** Null where it names none. */
  namespace: string | null;
  name: string;
  /** Whether its text changed: values, or only what it said wrongly of their keys. */
  changed: boolean;
  items: readonly Omit<ResealedItem, "value">[];
};

/** A file, and what became of it. */
export type RotatedFile = {
  path: string;
  /** `failed`: it is as it was. */
  state: "rotated" | "left" | "failed";
  /** Why it was left, or what failed; null for one that was rotated. */
  why: string | null;
  /** The next step after a failure. */
  hint: string | null;
  objects: readonly RotatedObject[];
};
