import type { AgeIdentities, AgeIdentity } from "../../shared/document/sops/keys/age-identities.ts";
import type { IdentityVerdict } from "./judge-identities.ts";
import { type ServedNamespaces, serves } from "./served-namespaces.ts";

type Held = { identities: ReadonlyMap<string, AgeIdentity>; served: ServedNamespaces };

/** The age identities of this controller, kept in step with their Secrets, and the namespaces that each serves. */
export class IdentityRing {
  /** By name of the Secret; identities by recipient. */
  readonly #held = new Map<string, Held>();
  readonly #refused = new Map<string, string>();

  /**
   * Takes in a verdict on a Secret, new or changed. One that is refused takes its earlier version out too.
   * @returns whether an identity serves a namespace that it did not serve before.
   */
  async put(name: string, verdict: IdentityVerdict): Promise<{ added: boolean }> {
    const held = verdict.ok ? { identities: await byRecipient(verdict), served: verdict.served } : null;
    const before = new Set([...this.#held.values()].flatMap(services));
    this.remove(name);
    if (held === null) {
      if (!verdict.ok) this.#refused.set(name, verdict.problem);
      return { added: false };
    }
    this.#held.set(name, held);
    return { added: services(held).some((service) => !before.has(service)) };
  }

  /** Takes out the identities of a Secret that was deleted or lost its label. */
  remove(name: string): void {
    this.#held.delete(name);
    this.#refused.delete(name);
  }

  /** Identities that open what SealedSecrets of a namespace hold, each once, by name of their Secrets. */
  identitiesFor(namespace: string): AgeIdentities {
    const serving = [...this.#held]
      .filter(([, { served }]) => serves(served, namespace))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const identities = new Map(serving.flatMap(([, held]) => [...held.identities]));
    return { identities: [...identities.values()], problems: [] };
  }

  /** How many identities there are, whomever they serve; one that stands in two Secrets counts once. */
  get size(): number {
    return new Set([...this.#held.values()].flatMap(({ identities }) => [...identities.keys()])).size;
  }

  /** Why Secrets were refused, by name. */
  get refused(): ReadonlyMap<string, string> {
    return this.#refused;
  }
}

async function byRecipient({ identities }: Pick<Held, "served"> & { identities: readonly AgeIdentity[] }) {
  const entries = identities.map(async (identity) => [await identity.recipient(), identity] as const);
  return new Map(await Promise.all(entries));
}

/** Each identity and namespace that it serves; `*` is the name of none. */
function services({ identities, served }: Held): string[] {
  const namespaces = served === "all" ? ["*"] : [...served];
  return [...identities.keys()].flatMap((recipient) => namespaces.map((one) => `${recipient} ${one}`));
}
