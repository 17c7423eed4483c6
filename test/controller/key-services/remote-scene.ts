import type { TestContext } from "node:test";
import type { KeyServiceConnections } from "../../../controller/key-services.ts";
import { utf8 } from "../../../shared/bytes.ts";
import { API_VERSION, KIND } from "../../../shared/resource.ts";
import { type ScopeKind, scopeAnnotations, scopeAt } from "../../../shared/scope.ts";
import { kmsSealer } from "../../../shared/seal/kms-sealer.ts";
import type { Sealer } from "../../../shared/seal/sealer.ts";
import { vaultSealer } from "../../../shared/seal/vault-sealer.ts";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { keyArn, MemoryKms } from "../../support/memory-kms.ts";
import { MemoryTransit } from "../../support/memory-transit.ts";
import { type ControllerScene, controllerScene, type SceneOptions } from "../faults/controller-scene.ts";
import { pairSecret, sealingPair } from "../sealing-key.ts";

/** The id of the cluster that the controllers of these tests serve. */
export const CLUSTER = "cluster-one";
/** ARNs and names of the keys there are. */
export const KMS_KEY = keyArn("app");
export const OTHER_KMS_KEY = keyArn("other");
export const VAULT_KEY = "transit/app";

/** The sealing key of the cluster. */
export const pair = await sealingPair();

/** A KMS and a Vault in memory, and how a controller reaches them. */
export class RemoteKeys {
  readonly kms = new MemoryKms("app", "other");
  readonly transit = new MemoryTransit();
  /** How often a way was asked for that nobody had asked for before. */
  readonly connected = { kms: 0, transit: 0, closed: 0 };

  constructor() {
    this.transit.createKey(VAULT_KEY, "context");
    this.transit.createKey("transit/team", "associated-data");
  }

  get connections(): KeyServiceConnections {
    const { kms, transit, connected } = this;
    return {
      kms: async () => {
        connected.kms += 1;
        return kms;
      },
      transit: async () => {
        connected.transit += 1;
        return transit;
      },
      vault: () => Promise.reject(new Error("there is no Vault here")),
      close: async () => {
        connected.closed += 1;
      },
    };
  }

  /** Calls so far that a controller can have made: sealing takes others, but for the proof of a Vault key. */
  get opened(): { kms: number; vault: number } {
    return { kms: this.kms.count("Decrypt"), vault: this.transit.count("decrypt") };
  }

  /** Forgets the calls so far. */
  forgetCalls(): void {
    this.kms.calls.length = 0;
    this.transit.calls.length = 0;
  }

  sealers(): { kms: Sealer; vault: Sealer } {
    return {
      kms: kmsSealer(this.kms, KMS_KEY),
      vault: vaultSealer(this.transit, { mount: "transit", key: "app" }),
    };
  }
}

/** Where values are sealed for. */
export type SealedFor = { namespace?: string; name: string; kind?: ScopeKind; clusterId?: string };

/** Values sealed for a place, by item. */
export async function sealedValues(
  sealer: Sealer,
  { namespace = "team", name, kind = "strict", clusterId = CLUSTER }: SealedFor,
  plain: Record<string, string>,
): Promise<Record<string, string>> {
  const items = new Map(Object.entries(plain).map(([item, text]) => [item, utf8(text)]));
  const scope = scopeAt(kind, { namespace, name });
  return Object.fromEntries(await sealer.sealAll(items, { clusterId, scope }));
}

/** A SealedSecret that holds these values. */
export function manifest(
  { namespace = "team", name, kind = "strict" }: SealedFor,
  encryptedData: Record<string, string>,
  template?: object,
): ApiObject {
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { namespace, name, annotations: scopeAnnotations(kind) },
    spec: { encryptedData, ...(template === undefined ? {} : { template }) },
  };
}

/** Options that permit the keys of these tests everywhere. */
export const PERMITTED = [
  `--kms-allowed-keys=${KMS_KEY}`,
  `--vault-allowed-keys=${VAULT_KEY}`,
  "--vault-addr=https://vault.example",
  "--vault-role=signet",
];

/** A controller that reaches the keys, with those options and no others. */
export function remoteScene(
  context: TestContext,
  keys: RemoteKeys,
  { args = PERMITTED, ...options }: SceneOptions = {},
): Promise<ControllerScene> {
  return controllerScene(context, {
    keys: [pairSecret(pair, "sealed-secrets-key1")],
    keyServices: keys.connections,
    args: [`--cluster-id=${CLUSTER}`, ...args],
    ...options,
  });
}
