import type { OpeningKey } from "../../shared/seal/rsa-hybrid.ts";
import type { SecretObject } from "../reconcile/secret-object.ts";
import { judgeKeySecret, type LoadedKey } from "./judge-key.ts";

/** By what the newest key is told. */
export type KeyOrder = "CertNotBefore" | "SecretCreationTimestamp";

/** What a change of the ring means for others. */
export type RingChange = {
  /** A key was added that may open what did not open before. */
  added: boolean;
  /** The key that seals is another one than before; null while there is none. */
  primary: { from: string | null; to: string } | null;
  /** Why the Secret was refused, if it was. */
  problem: string | null;
};

/**
 * The sealing keys of this controller, kept in step with the labelled Secrets: what is added, changed or taken away
 * takes effect at once.
 */
export class KeyRing {
  readonly #order: KeyOrder;
  readonly #now: () => Date;
  #keys = new Map<string, LoadedKey>();
  #refused = new Map<string, string>();

  constructor(order: KeyOrder, now: () => Date) {
    this.#order = order;
    this.#now = now;
  }

  /** Takes in a key Secret, new or changed. One that is refused takes its earlier version out too. */
  async put(secret: SecretObject): Promise<RingChange> {
    const name = secret.metadata.name ?? "";
    const before = this.primary?.certificate.fingerprint ?? null;
    const verdict = await judgeKeySecret(secret, this.#now());
    const known = new Set(this.openingKeys().map(({ fingerprint }) => fingerprint));
    this.#keys.delete(name);
    this.#refused.delete(name);
    if (verdict.ok) this.#keys.set(name, verdict.key);
    else this.#refused.set(name, verdict.problem);
    return {
      added: verdict.ok && !known.has(verdict.key.certificate.fingerprint),
      primary: this.#primaryChange(before),
      problem: verdict.ok ? null : verdict.problem,
    };
  }

  /** Takes out the key of a Secret that was deleted or lost its label. */
  remove(name: string): RingChange {
    const before = this.primary?.certificate.fingerprint ?? null;
    this.#keys.delete(name);
    this.#refused.delete(name);
    return { added: false, primary: this.#primaryChange(before), problem: null };
  }

  /** The key that seals: the newest, null while there is none. */
  get primary(): LoadedKey | null {
    return this.#newestFirst()[0] ?? null;
  }

  /** All keys that open, newest first; two Secrets with the same key count once. */
  openingKeys(): OpeningKey[] {
    const byFingerprint = new Map<string, OpeningKey>();
    for (const { opening } of this.#newestFirst()) {
      if (!byFingerprint.has(opening.fingerprint)) byFingerprint.set(opening.fingerprint, opening);
    }
    return [...byFingerprint.values()];
  }

  /** Why Secrets were refused, by name. */
  get refused(): ReadonlyMap<string, string> {
    return this.#refused;
  }

  /** When the newest key came to be, by the order in force; null while there is none. */
  get newestTime(): Date | null {
    const primary = this.primary;
    return primary === null ? null : this.#timeOf(primary);
  }

  #newestFirst(): LoadedKey[] {
    return [...this.#keys.values()].sort(
      (a, b) =>
        this.#timeOf(b).getTime() - this.#timeOf(a).getTime() || (a.secretName < b.secretName ? -1 : 1),
    );
  }

  #timeOf({ certificate, createdAt }: LoadedKey): Date {
    return this.#order === "CertNotBefore" ? certificate.notBefore : createdAt;
  }

  #primaryChange(before: string | null): RingChange["primary"] {
    const after = this.primary?.certificate.fingerprint ?? null;
    return after === null || after === before ? null : { from: before, to: after };
  }
}
