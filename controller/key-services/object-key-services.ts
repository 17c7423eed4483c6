import type { RemoteBackend } from "../../shared/seal/codec.ts";
import { kmsLater, transitLater } from "../../shared/seal/connected-later.ts";
import { DataKeyCache } from "../../shared/seal/data-key-cache.ts";
import { type GateUser, gatedKms, gatedTransit } from "../../shared/seal/gated-services.ts";
import { KeyGates } from "../../shared/seal/key-gate.ts";
import { KeyAllowList } from "../../shared/seal/key-pattern.ts";
import type { KmsApi } from "../../shared/seal/kms-api.ts";
import { kmsUnsealer } from "../../shared/seal/kms-unsealer.ts";
import type { KeyServices, Unsealer } from "../../shared/seal/sealer.ts";
import type { TransitApi } from "../../shared/seal/transit-api.ts";
import { VaultKeyProofs } from "../../shared/seal/vault-key-proofs.ts";
import { vaultUnsealer } from "../../shared/seal/vault-unsealer.ts";
import type { KeyServiceSettings } from "../key-service-settings.ts";
import type { KeyServiceConnections } from "../key-services.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Clock } from "../runtime/clock.ts";
import { CallBudgets } from "./call-budgets.ts";
import { GateWatch } from "./gate-watch.ts";
import { RefusedValues } from "./refused-values.ts";
import { rememberedKms, rememberedTransit } from "./remembered.ts";

/** What opening takes from the rest of the controller. */
export type ObjectKeyServicesParts = {
  connections: KeyServiceConnections;
  clock: Clock;
  log: Log;
  metrics: Pick<Metrics, "watchKeyServiceGates" | "countKeyServiceWait">;
};

/** The key services as one look at an object has them. */
export type DataKeyLook = {
  kms: KmsApi;
  transit: TransitApi;
  /** Whether the options let SealedSecrets of the namespace name the key. */
  permits: (backend: RemoteBackend, key: string) => boolean;
};

/** Data keys are gone from memory so long after their time is over, at most. */
const SWEEP_MS = 30_000;

/**
 * Opens `kms:` and `vault:` values of SealedSecrets. Which keys they may name goes by the namespace of the object; where
 * none is allowed, no service is asked, and the refusal names the option.
 */
export class ObjectKeyServices implements KeyServices {
  readonly #allowed: Readonly<Record<RemoteBackend, KeyAllowList>>;
  readonly #clock: Clock;
  readonly #kms: KmsApi;
  readonly #transit: TransitApi;
  readonly #gates: KeyGates;
  readonly #budgets: CallBudgets;
  readonly #dataKeys: DataKeyCache;
  readonly #proofs: VaultKeyProofs;
  readonly #refused: RefusedValues;

  constructor(settings: KeyServiceSettings, { connections, clock, log, metrics }: ObjectKeyServicesParts) {
    this.#allowed = {
      kms: new KeyAllowList("kms", settings["kms-allowed-keys"]),
      vault: new KeyAllowList("vault", settings["vault-allowed-keys"]),
    };
    this.#clock = clock;
    const now = () => clock.monotonic();
    const watch = new GateWatch(log, now);
    this.#gates = new KeyGates({ now, random: Math.random, onChange: (change) => watch.note(change) });
    this.#budgets = new CallBudgets({
      now,
      log,
      onPutOff: (service) => metrics.countKeyServiceWait(service),
    });
    this.#kms = kmsLater(() => connections.kms());
    this.#transit = transitLater(() => connections.transit());
    metrics.watchKeyServiceGates(() => watch.counts());
    this.#dataKeys = new DataKeyCache({ now });
    this.#proofs = new VaultKeyProofs({ now });
    this.#refused = new RefusedValues(now);
  }

  unsealerFor(backend: RemoteBackend, namespace: string): Unsealer {
    return { unsealAll: (...asked) => this.#unsealer(backend, namespace).unsealAll(...asked) };
  }

  /**
   * What opens the data keys of SOPS documents of a namespace, for one look at an object: behind the same gates and within
   * the same budget, with the same allow-lists and the same memory. That a key is permitted is for the caller to ask first.
   */
  lookFor(namespace: string): DataKeyLook {
    const memory = { dataKeys: this.#dataKeys, refused: this.#refused };
    const user = (backend: RemoteBackend) => this.#user(backend, namespace);
    return {
      kms: rememberedKms(gatedKms(this.#kms, this.#gates, user("kms")), memory),
      transit: rememberedTransit(gatedTransit(this.#transit, this.#gates, user("vault")), memory),
      permits: (backend, key) => this.#allowed[backend].permits(key, namespace),
    };
  }

  /** For one look at an object. */
  #unsealer(backend: RemoteBackend, namespace: string): Unsealer {
    const allowed = (key: string) => this.#allowed[backend].permits(key, namespace);
    const user = this.#user(backend, namespace);
    const opening = { allowed, memory: this.#refused };
    return backend === "kms"
      ? kmsUnsealer(gatedKms(this.#kms, this.#gates, user), { ...opening, dataKeys: this.#dataKeys })
      : vaultUnsealer(gatedTransit(this.#transit, this.#gates, user), { ...opening, proofs: this.#proofs });
  }

  #user(backend: RemoteBackend, namespace: string): GateUser {
    return { by: namespace, admit: this.#budgets.forLook(backend, namespace) };
  }

  /** Wipes each data key when its time is over, and all of them in the end. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#clock.sleep(SWEEP_MS, signal).catch(() => undefined);
      this.#dataKeys.sweep();
    }
    this.wipe();
  }

  /** How many data keys are kept in clear. */
  get keptDataKeys(): number {
    return this.#dataKeys.size;
  }

  /** Wipes every data key. */
  wipe(): void {
    this.#dataKeys.clear();
  }
}
