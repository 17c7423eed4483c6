import type { Bytes } from "../../../bytes.ts";
import type { AgeFile } from "./age-file.ts";

/** A private key of age: X25519 (`AGE-SECRET-KEY-1…`), or the post-quantum hybrid (`AGE-SECRET-KEY-PQ-1…`). */
export interface AgeIdentity {
  /** What others encrypt for: `age1…` or `age1pq1…`. */
  recipient(): Promise<string>;
  /**
   * @returns what the file holds; null when it is for others.
   * @throws an error of any kind when the file is for this identity, and is broken.
   */
  open(file: AgeFile): Promise<Bytes | null>;
}
