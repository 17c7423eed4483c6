import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { canonicalJson } from "./canonical-json.ts";
import type { SecretVersion } from "./secret-version.ts";

/**
 * To be raised whenever this version would make another Secret of the same SealedSecret under the same options: every
 * record that stands then counts as absent, and each object is opened once more.
 */
const RULES_VERSION = 1;

/** Length of the secret under which records are made, in bytes. */
export const RECORD_KEY_BYTES = 32;

/** What an object's status keeps of its last success. */
export type SyncRecord = {
  /** Stands for this very input, Secret, its owner and version. */
  record: string;
  /** Stands for this input, Secret and owner, whatever became of the Secret since. */
  left: string;
  /** Only where the Secret was merged into: stands for this input, whether or not there still is that Secret. */
  merged?: string;
};

/** What a record is about. */
export type Recorded = {
  /** Digest of what decides how the Secret looks. */
  inputs: string;
  secret: SecretVersion;
  /** Whether the Secret is the SealedSecret's own, not one that was merged into. */
  ours: boolean;
};

/**
 * Makes and judges the records by which an object in sync is known again without opening it. A record is a MAC under a
 * secret of the controller, so that nobody else can make one, and tells a reader nothing.
 */
export class SyncRecords {
  readonly #key: Uint8Array;
  readonly #rules: string;

  /**
   * @param key secret of `RECORD_KEY_BYTES` bytes.
   * @param rules every option of the controller that can change a Secret, as plain data.
   */
  constructor(key: Uint8Array, rules: unknown) {
    this.#key = key;
    this.#rules = createHash("sha256")
      .update(canonicalJson([RULES_VERSION, rules]))
      .digest("base64");
  }

  /** A secret that lasts as long as this process: for when none can be kept. */
  static temporaryKey(): Uint8Array {
    return randomBytes(RECORD_KEY_BYTES);
  }

  /** The record of an object that has just been found or brought in sync. */
  write({ inputs, secret, ours }: Recorded): SyncRecord {
    const whose = ours ? "own" : "merged";
    const { uid, resourceVersion, controller } = secret;
    return {
      record: this.#mac("in-sync", inputs, whose, uid, controller, resourceVersion),
      left: this.#mac("left", inputs, whose, uid, controller),
      ...(ours ? {} : { merged: this.#mac("merged", inputs) }),
    };
  }

  /**
   * Judges what a status says against what is observed now.
   * @param secret undefined when there is none. One that was merged into was somebody else's to delete.
   * @param keepsEdits what others change in the Secret is left as it is.
   * @returns whose the Secret is, or null when the object has to be opened.
   */
  judge(
    said: Partial<SyncRecord>,
    { inputs, secret }: { inputs: string; secret: SecretVersion | undefined },
    { keepsEdits }: { keepsEdits: boolean },
  ): { ours: boolean } | null {
    if (secret === undefined) return same(said.merged, this.#mac("merged", inputs)) ? { ours: false } : null;
    for (const ours of [true, false]) {
      const { record, left } = this.write({ inputs, secret, ours });
      if (same(said.record, record) || (keepsEdits && same(said.left, left))) return { ours };
    }
    return null;
  }

  #mac(...parts: readonly string[]): string {
    return createHmac("sha256", this.#key)
      .update(JSON.stringify([this.#rules, ...parts]))
      .digest("base64");
  }
}

function same(said: string | undefined, true_: string): boolean {
  if (said === undefined) return false;
  const [a, b] = [Buffer.from(said), Buffer.from(true_)];
  return a.length === b.length && timingSafeEqual(a, b);
}
