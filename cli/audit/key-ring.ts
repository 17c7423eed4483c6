import type { Certificate } from "../../shared/seal/certificate.node.ts";
import type { OpeningKey } from "../../shared/seal/opening-key.ts";

/** A sealing key that is known, with or without its private half. */
export type KnownKey = {
  fingerprint: string;
  /** Where it was found: `Secret kube-system/name`, a file. */
  source: string;
  /** Its certificate's begin; null where only the private half is at hand. */
  notBefore: Date | null;
  /** `in use` and `taken out` (with the label's value) in the cluster; `given` for what the user named. */
  standing: "in use" | "taken out" | "given";
  /** Value of the label of its Secret; null outside of a cluster. */
  label: string | null;
};

/** The keys that an audit knows of. */
export type KeyRing = {
  /** By fingerprint. */
  known: ReadonlyMap<string, KnownKey>;
  /** Whether those are all that the cluster has, so that another one is none of its keys. */
  isComplete: boolean;
  /** Begins of keys, known or not, by fingerprint, as the controller publishes them: good for an age, and nothing else. */
  begins: ReadonlyMap<string, Date>;
  /** Private halves at hand, newest first. */
  opening: readonly OpeningKey[];
};

/** When a key began; null where nobody tells. */
export function beginOf(key: string, { known, begins }: Pick<KeyRing, "known" | "begins">): Date | null {
  return known.get(key)?.notBefore ?? begins.get(key) ?? null;
}

/** Collects keys; what is known of one by several ways comes together. */
export class KeyRingBuilder {
  readonly #known = new Map<string, KnownKey>();
  readonly #opening = new Map<string, OpeningKey>();
  isComplete = false;
  begins: ReadonlyMap<string, Date> = new Map();

  /** A key by its certificate. Of several Secrets with one key, one in use counts. */
  add(certificate: Certificate, key: Pick<KnownKey, "source" | "standing" | "label">): void {
    const { fingerprint, notBefore } = certificate;
    const before = this.#known.get(fingerprint);
    const isBetter = before === undefined || RANK[key.standing] > RANK[before.standing];
    if (isBetter)
      this.#known.set(fingerprint, { ...key, fingerprint, notBefore: before?.notBefore ?? notBefore });
    else if (before.notBefore === null) this.#known.set(fingerprint, { ...before, notBefore });
  }

  /** A private half. */
  addOpening(key: OpeningKey, source: string): void {
    const { fingerprint } = key;
    if (!this.#opening.has(fingerprint)) this.#opening.set(fingerprint, key);
    if (this.#known.has(fingerprint)) return;
    this.#known.set(fingerprint, { fingerprint, source, notBefore: null, standing: "given", label: null });
  }

  ring(): KeyRing {
    const began = ({ fingerprint }: OpeningKey) => this.#known.get(fingerprint)?.notBefore?.getTime() ?? 0;
    const opening = [...this.#opening.values()].sort((a, b) => began(b) - began(a));
    return { known: this.#known, isComplete: this.isComplete, begins: this.begins, opening };
  }
}

const RANK: Readonly<Record<KnownKey["standing"], number>> = { given: 0, "taken out": 1, "in use": 2 };
