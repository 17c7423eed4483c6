import type { ScopeKind } from "../../shared/scope.ts";
import type { ItemFinding } from "../opening/item-finding.ts";

/**
 * What is known of one SealedSecret. `signet explain -o json` prints these: fields are added to it, and none is taken
 * away or given another meaning (docs/unsealing.md).
 */
export type Explanation = {
  /** `sealed.yaml, document 2`. */
  where: string;
  /** Null where the document names none. */
  namespace: string | null;
  name: string;
  scope: ScopeKind;
  /** Whether every item opens and every template renders; null when that is not known. */
  opens: boolean | null;
  items: ItemFinding[];
  /** What is wrong with the object as a whole. */
  problems: Problem[];
  /** Templates that work, but perhaps not as meant. */
  warnings: string[];
  /** Null when no cluster was asked. */
  cluster: ClusterView | null;
};

/** Something wrong: what, and what to do. */
export type Problem = { why: string; fix: string };

/** What a cluster says of the object of that name. */
export type ClusterView = {
  server: string;
  /** Whether it is there. */
  found: boolean;
  /** Whether values, scope and template are those of the file; null when it is not there. */
  sameAsFile: boolean | null;
  generation: number | null;
  /** The generation that the controller looked at last. */
  observedGeneration: number | null;
  conditions: { type: string; status: string; reason: string | null; message: string | null }[];
  /** Fingerprints of the keys that opened it last, as the status tells them. */
  openedWith: string[];
  /** Fingerprint of the key that the cluster seals with now; null when that could not be told. */
  currentKey: string | null;
};

/** Whether every item opens and nothing else is wrong; null when it is not known of some and none is known not to. */
export function opensAtAll(items: readonly ItemFinding[], problems: readonly Problem[]): boolean | null {
  if (problems.length > 0 || items.some(({ state }) => state === "does not open")) return false;
  return items.some(({ state }) => state === "not known") ? null : true;
}
