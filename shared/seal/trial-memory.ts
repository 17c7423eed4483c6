import type { Bytes } from "../bytes.ts";
import type { Trial } from "./classic-value.ts";

/** What is kept of a value: why it did not open, or that it did, in an object that failed. Never what lay inside. */
export type RememberedTrial = {
  trial: Exclude<Trial, { kind: "opened" }> | { kind: "opens" };
  /** The private-key operations it took to know. */
  operations: number;
};

/** Remembers what came of values of objects that failed, as long as the keys are the same. It may forget at any time. */
export interface TrialMemory {
  /**
   * @param keySet stands for the keys that were tried, in any order.
   * @param label the scope's bytes: the same value may open under another.
   * @param text the value as it stands in the object.
   */
  recall(keySet: string, label: Bytes, text: string): RememberedTrial | undefined;
  /** Keeps what came of a value, by the same names. */
  remember(keySet: string, label: Bytes, text: string, remembered: RememberedTrial): void;
}
