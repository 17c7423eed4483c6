import type { Io } from "../../cli/io.ts";
import type { ScopeKind } from "../../shared/scope.ts";
import type { RemoteBackend } from "../../shared/seal/codec.ts";
import type { TransitBinding } from "../../shared/seal/transit-api.ts";
import { type MemoryRun, type MemoryWorld, runInMemory } from "./memory-io.ts";
import { keyArn, MemoryKms } from "./memory-kms.ts";
import { MemoryTransit } from "./memory-transit.ts";

/** Where the tests' Vault is said to be. */
export const VAULT = "https://vault.example.com:8200";
/** The cluster that values are for. */
export const CLUSTER = "11111111-2222-3333-4444-555555555555";

/** Keys that there are: two of each service, Vault's a derived one and a plain one. */
export const KEYS: Readonly<Record<RemoteBackend, readonly [first: string, second: string]>> = {
  kms: [keyArn("first"), keyArn("second")],
  vault: ["transit/first", "team/transit/second"],
};

/** Both key services in memory, and the CLI in reach of them: what they were asked, and how often they were connected. */
export class KeyServiceWorld {
  readonly kms = new MemoryKms("first", "second");
  readonly transit = new MemoryTransit();
  readonly connected: string[] = [];
  closed = 0;

  constructor(binding: TransitBinding = "context") {
    this.transit.createKey(KEYS.vault[0], binding);
    this.transit.createKey(KEYS.vault[1], "associated-data");
  }

  /** How many calls arrived at either. */
  get calls(): number {
    return this.kms.calls.length + this.transit.calls.length;
  }

  readonly connector: NonNullable<Io["keyServices"]> = {
    kms: async () => {
      this.connected.push("kms");
      return { api: this.kms, close: () => void this.closed++ };
    },
    transit: async ({ address, namespace, token, ca }) => {
      this.connected.push(`${address} ${namespace} ${token}${ca === null ? "" : " with a CA"}`);
      return { api: this.transit, close: () => void this.closed++ };
    },
  };

  /** Runs the CLI as a user who has Vault's variables set and says what cluster he means. */
  run(args: readonly string[], world: MemoryWorld = {}): Promise<MemoryRun> {
    return runInMemory(args, {
      ...world,
      keyServices: this.connector,
      env: {
        VAULT_ADDR: VAULT,
        VAULT_TOKEN: "s.token",
        SEALED_SECRETS_CLUSTER_ID: CLUSTER,
        ...world.env,
      },
    });
  }
}

/** Flags that seal under the first key of a backend, or another one. */
export function sealFlags(backend: RemoteBackend, key: string = KEYS[backend][0]): string[] {
  return [`--${backend}-key`, key];
}

/** Flags that allow every key of the tests. */
export const ALLOW_ALL = [
  "--kms-allowed-keys",
  "arn:aws:kms:*:*:key/*",
  "--vault-allowed-keys",
  "transit/*,team/transit/*",
];

/** A Secret in YAML. */
export function secretYaml(
  items: Readonly<Record<string, string>>,
  place = { namespace: "shop", name: "db" },
): string {
  const data = Object.entries(items).map(([item, value]) => `  ${item}: ${JSON.stringify(value)}\n`);
  return `apiVersion: v1\nkind: Secret\nmetadata:\n  name: ${place.name}\n  namespace: ${place.namespace}\nstringData:\n${data.join("")}`;
}

/** All scopes there are. */
export const SCOPES: readonly ScopeKind[] = ["strict", "namespace-wide", "cluster-wide"];
/** All key services there are. */
export const BACKENDS: readonly RemoteBackend[] = ["kms", "vault"];
