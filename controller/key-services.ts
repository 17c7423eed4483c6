import type { KmsApi } from "../shared/seal/kms-api.ts";
import type { TransitApi } from "../shared/seal/transit-api.ts";
import type { VaultClient } from "../shared/vault/vault-client.ts";

/**
 * The controller's own ways to AWS KMS and Vault. Each is connected when it is first asked for, so that a controller that
 * needs neither loads neither; there is one connection of a kind however many ask. Calls go straight to the service: what
 * waits after a fault, and which keys are allowed, is the caller's affair.
 */
export type KeyServiceConnections = {
  /** AWS KMS, with the credentials that the environment gives. @throws KeyServiceError when there is no way to it. */
  kms(): Promise<KmsApi>;
  /** The Transit engines of Vault. @throws KeyServiceError when there is no way to it, as without `--vault-addr`. */
  transit(): Promise<TransitApi>;
  /** Vault itself, without a token. @throws KeyServiceError without `--vault-addr`. */
  vault(): Promise<VaultClient>;
  /** Ends the connections and gives up tokens that were got by logging in. Nothing is asked afterwards. */
  close(): Promise<void>;
};

/** A connection, and what ends it. */
export type Connected<Api> = { api: Api; close(): Promise<void> | void };

/** How each service is connected. */
export type Connectors = {
  kms(): Promise<Connected<KmsApi>>;
  vault(): Promise<Connected<VaultClient>>;
  transit(client: VaultClient): Promise<Connected<TransitApi>>;
};

/** Connects each service at most once; a connection that did not come about is tried anew by whoever asks next. */
export function lazyConnections(connectors: Connectors): KeyServiceConnections {
  const kms = new Lazily(connectors.kms);
  const vault = new Lazily(connectors.vault);
  const transit = new Lazily(async () => connectors.transit(await vault.get()));
  return {
    kms: () => kms.get(),
    transit: () => transit.get(),
    vault: () => vault.get(),
    close: async () => {
      // Tokens are given back over the connection that closes afterwards.
      await Promise.all([kms.close(), transit.close()]);
      await vault.close();
    },
  };
}

class Lazily<Api> {
  readonly #connect: () => Promise<Connected<Api>>;
  #connected: Promise<Connected<Api>> | null = null;
  #closed = false;

  constructor(connect: () => Promise<Connected<Api>>) {
    this.#connect = connect;
  }

  async get(): Promise<Api> {
    if (this.#closed) throw new Error("key services are asked after their end");
    this.#connected ??= this.#connect().catch((error: unknown) => {
      this.#connected = null;
      throw error;
    });
    return (await this.#connected).api;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const connected = await this.#connected?.catch(() => null);
    await connected?.close();
  }
}
