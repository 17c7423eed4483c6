import type { KubeClient } from "../../shared/kube/client.ts";
import type { Certificate } from "../../shared/seal/certificate.node.ts";
import type { Term } from "../runtime/term.ts";
import { compromisedKeys, compromisedSetting, nextChain, type Succession } from "./certificate-chain.ts";
import type { Published } from "./certificate-config-map.ts";
import type { KeyRing } from "./key-ring.ts";
import type { PrimaryChange } from "./primary-guard.ts";
import { knownKey } from "./sealing-key-record.ts";

/** What the succession of keys is followed with, within one term of leading. */
export type KeySuccessionParts = {
  term: Term;
  client: KubeClient;
  ring: KeyRing;
  namespace: string;
  now: () => Date;
};

/**
 * Has the key that sealed before vouch for the one that seals now, where renewal or promotion brought that: a key that somebody
 * merely put there is vouched for by nobody, nor is what comes after it by what came before it.
 */
export class KeySuccession {
  readonly #parts: KeySuccessionParts;
  /** Since the key on the Lease sealed, another one came for a reason that is not known. */
  #isBroken = false;

  constructor(parts: KeySuccessionParts) {
    this.#parts = parts;
  }

  /** To be told of each change of the key that seals, before it is published. */
  changed({ kind }: PrimaryChange): void {
    this.#isBroken ||= kind === "unexpected";
  }

  /**
   * Looks which keys are compromised.
   * @throws KubeApiError, KubeUnreachableError; the signal's reason when aborted.
   */
  compromised(): Promise<Certificate[]> {
    const { client, namespace, term } = this.#parts;
    return compromisedKeys(namespace, client, term.signal);
  }

  /**
   * What is to be published of it.
   * @param to the key that seals; null while none does.
   */
  publication(
    to: Certificate | null,
    compromised: readonly Certificate[],
  ): Pick<Published, "chain" | "settings"> {
    const succession = to === null ? null : this.#successionTo(to);
    return {
      chain: (standing) => nextChain(standing, succession, compromised, this.#parts.now()),
      settings: compromisedSetting(compromised),
    };
  }

  /** To be told when the key that seals stands on the Lease. */
  recorded(fingerprint: string): void {
    if (this.#parts.ring.primary?.certificate.fingerprint === fingerprint) this.#isBroken = false;
  }

  #successionTo(to: Certificate): Succession | null {
    const { ring, term } = this.#parts;
    const known = knownKey(term);
    if (known === null || known === to.fingerprint || this.#isBroken) return null;
    const from = ring.loaded(known);
    return from === null ? null : { from, to };
  }
}
