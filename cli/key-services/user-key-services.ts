import { isPlainAddress } from "../../shared/kube/plain-address.ts";
import type { RemoteBackend } from "../../shared/seal/codec.ts";
import { kmsLater, transitLater } from "../../shared/seal/connected-later.ts";
import { admitKeys, type KeyAdmission } from "../../shared/seal/key-admission.ts";
import { transitKeyText } from "../../shared/seal/key-text.ts";
import type { KmsApi, KmsCaller } from "../../shared/seal/kms-api.ts";
import type { Binding, KeyServices, Sealer, Unsealer } from "../../shared/seal/sealer.ts";
import type { TransitApi } from "../../shared/seal/transit-api.ts";
import { VaultKeyProofs } from "../../shared/seal/vault-key-proofs.ts";
import { clusterIdentity, clusterToBindTo } from "../cluster-identity.ts";
import type { Io } from "../io.ts";
import type { Notices } from "../notices.ts";
import type { ClusterOptions, KeyServiceOptions } from "../options.ts";
import { type AllowedKeys, allowedKmsKeys, allowedVaultKeys } from "./allowed-keys.ts";
import type { Connected, KeyServiceConnector, VaultPlace } from "./connector.ts";
import type { NamedKeys, SealingBackend } from "./sealing-backend.ts";
import { vaultAccess, vaultPlace } from "./vault-access.ts";

/** What says which cluster values are for, how key services are reached and which of their keys may be used. */
export type UserKeyServiceOptions = KeyServiceOptions & ClusterOptions;

/**
 * AWS KMS and Vault under the rights of whoever runs this. Nothing is asked, read or loaded before it is needed: the
 * cluster for its id, the record of allowed keys, the services themselves. What a document names is used only where it is
 * allowed; the keys that the user names himself are.
 */
export class UserKeyServices implements KeyServices {
  readonly #options: UserKeyServiceOptions;
  readonly #io: Io;
  readonly #notices: Notices;
  readonly #named: NamedKeys;
  #clusterId: Promise<string> | null = null;
  /** By who asks; nobody else by the empty text. */
  readonly #kms = new Map<string, Promise<Connected<KmsApi>>>();
  #transit: Promise<Connected<TransitApi>> | null = null;
  readonly #proofs = new VaultKeyProofs({ now: () => performance.now() });
  #allowedKms: AllowedKeys | null = null;
  #allowedVault: AllowedKeys | null = null;

  /** @param named keys that the user names on the command line. */
  constructor(
    options: UserKeyServiceOptions,
    io: Io,
    notices: Notices,
    named: NamedKeys = { kms: null, vault: null },
  ) {
    this.#options = options;
    this.#io = io;
    this.#notices = notices;
    this.#named = named;
  }

  /** The cluster to seal for. @throws InputError naming --cluster-id when nobody tells; UsageError for one that is none. */
  clusterToSealFor(): Promise<string> {
    this.#clusterId ??= clusterToBindTo(this.#options, this.#io);
    return this.#clusterId;
  }

  #boundCluster(): Promise<string> {
    this.#clusterId ??= clusterIdentity(this.#options, this.#io);
    return this.#clusterId;
  }

  /** What seals under a key that the user names. */
  async sealer(backend: Exclude<SealingBackend, { backend: "cluster" }>): Promise<Sealer> {
    if (backend.backend === "kms") {
      const { kmsSealer } = await import("../../shared/seal/kms-sealer.ts");
      return kmsSealer(await this.#kmsApi(), backend.key);
    }
    const { vaultSealer } = await import("../../shared/seal/vault-sealer.ts");
    return vaultSealer(await this.#transitApi(), backend.name, { proofs: this.#proofs });
  }

  /** @see KeyServices; the binding's cluster id may be null: it is found out, and the service reached, once a value needs it. */
  unsealerFor(backend: RemoteBackend, namespace: string): Unsealer {
    return {
      unsealAll: async (items, binding, signal) => {
        const admission = this.#admission(backend, namespace);
        const bound = await this.#inCluster(binding, backend, items, admission);
        const unsealer = await this.#unsealer(backend, admission);
        return unsealer.unsealAll(items, bound, signal);
      },
    };
  }

  /**
   * Has values sealed anew inside their key service, under the key that the user names for that service, else under the
   * newest version of their own.
   * @param items values of that backend alone, by item.
   * @param binding its cluster id may be null, as for opening.
   * @param how `keepsNewest`: values stay that are under the newest version of Vault's key; AWS KMS does not tell versions.
   * @returns the new values, by item; all of them.
   * @throws KeyServiceError; SealError naming an item that the service does not open.
   */
  async renew(
    backend: RemoteBackend,
    items: ReadonlyMap<string, string>,
    binding: Binding,
    namespace: string,
    { keepsNewest = false }: { keepsNewest?: boolean } = {},
  ): Promise<Map<string, string>> {
    const { signal } = new AbortController();
    const admission = this.#admission(backend, namespace);
    const bound = await this.#inCluster(binding, backend, items, admission);
    if (backend === "kms") {
      const { renewKmsValues } = await import("../../shared/seal/kms-renewal.ts");
      const how = { ...admission, to: this.#named.kms };
      return renewKmsValues(
        kmsLater(() => this.#kmsApi()),
        items,
        bound,
        how,
        signal,
      );
    }
    const { renewVaultValues } = await import("../../shared/seal/vault-renewal.ts");
    const how = { ...admission, to: this.#named.vault, proofs: this.#proofs, keepsNewest };
    return renewVaultValues(
      transitLater(() => this.#transitApi()),
      items,
      bound,
      how,
      signal,
    );
  }

  /** Which keys of a service values may be opened with. Nothing is asked for it. */
  allowed(backend: RemoteBackend): AllowedKeys {
    if (backend === "kms") {
      this.#allowedKms ??= alsoNamed(allowedKmsKeys(this.#options, this.#io), this.#named.kms);
      return this.#allowedKms;
    }
    const { vault } = this.#named;
    const name = vault === null ? null : transitKeyText(vault);
    this.#allowedVault ??= alsoNamed(allowedVaultKeys(this.#options, this.#io), name);
    return this.#allowedVault;
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    const connections = await Promise.allSettled([...this.#kms.values(), this.#transit]);
    for (const connection of connections) {
      if (connection.status === "fulfilled") await connection.value?.close();
    }
  }

  #admission(backend: RemoteBackend, namespace: string): KeyAdmission {
    const keys = this.allowed(backend);
    return { allowed: (key) => keys.permits(key, namespace), refusalHint: keys.hintFor };
  }

  /** The cluster is asked for its id only where every value has its form, and every key is allowed. */
  async #inCluster(
    binding: Binding,
    backend: RemoteBackend,
    items: ReadonlyMap<string, string>,
    admission: KeyAdmission,
  ): Promise<Binding> {
    if (binding.clusterId !== null) return binding;
    const { keysNamed } = await import("./named-keys.ts");
    const { keys, isComplete } = keysNamed(backend, items);
    admitKeys(backend, keys, admission);
    return isComplete ? { ...binding, clusterId: await this.#boundCluster() } : binding;
  }

  async #unsealer(backend: RemoteBackend, admission: KeyAdmission): Promise<Unsealer> {
    if (backend === "kms") {
      const { kmsUnsealer } = await import("../../shared/seal/kms-unsealer.ts");
      return kmsUnsealer(
        kmsLater(() => this.#kmsApi()),
        admission,
      );
    }
    const { vaultUnsealer } = await import("../../shared/seal/vault-unsealer.ts");
    return vaultUnsealer(
      transitLater(() => this.#transitApi()),
      { ...admission, proofs: this.#proofs },
    );
  }

  /** AWS KMS, connected with the first call; as somebody else where an entry says so, which must be allowed by then. */
  kmsAs(caller: KmsCaller): KmsApi {
    const isOurselves = caller.profile === "" && caller.role === "";
    return kmsLater(() => this.#kmsApi(isOurselves ? undefined : caller));
  }

  /** The Transit engines of the one Vault, connected with the first call. */
  transit(): TransitApi {
    return transitLater(() => this.#transitApi());
  }

  /** Which Vault that is. @throws UsageError when none is named. */
  vaultPlace(): VaultPlace {
    return vaultPlace(this.#options, this.#io);
  }

  async #kmsApi(caller?: KmsCaller): Promise<KmsApi> {
    const who = caller === undefined ? "" : JSON.stringify([caller.profile, caller.role]);
    const connection = this.#kms.get(who) ?? this.#connector().then((connector) => connector.kms(caller));
    this.#kms.set(who, connection);
    return (await connection).api;
  }

  async #transitApi(): Promise<TransitApi> {
    this.#transit ??= this.#connectVault();
    return (await this.#transit).api;
  }

  async #connectVault(): Promise<Connected<TransitApi>> {
    const place = vaultPlace(this.#options, this.#io);
    const access = vaultAccess(place, this.#options, this.#io);
    if (isPlainAddress(place.address)) {
      this.#notices.alert(`Vault is asked at ${place.address}: token and values can be read on their way`);
    }
    return (await this.#connector()).transit(access);
  }

  async #connector(): Promise<KeyServiceConnector> {
    const { networkConnector } = await import("./network-connector.ts");
    return this.#io.keyServices ?? networkConnector(this.#io, this.#notices);
  }
}

/** Naming a key as a value does is allowing it. */
function alsoNamed(keys: AllowedKeys, named: string | null): AllowedKeys {
  return {
    permits: (key, namespace) => key === named || keys.permits(key, namespace),
    hintFor: (key) => keys.hintFor(key),
  };
}
