import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { KeyServiceConnections } from "../../../controller/key-services.ts";
import { KubeApiError } from "../../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject, KubeRequest } from "../../../shared/kube/client.ts";
import { requestWords } from "../../../shared/kube/request-words.ts";
import { API_VERSION, KIND } from "../../../shared/resource.ts";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { type ControllerScene, controllerScene, type SceneOptions } from "../faults/controller-scene.ts";
import { pairSecret, sealingPair } from "../sealing-key.ts";
import { accountToken, MemoryVault } from "./memory-vault.ts";

const pair = await sealingPair();

/** Options that turn references on; intervals pass twenty times faster here. */
export const REFERENCES_ON = [
  "--vault-addr=https://vault.example",
  "--vault-kv-mounts=kv",
  "--vault-kv-role=tenants",
  "--vault-kv-audience=vault",
  "--vault-kv-refresh-interval=10s",
];

/** What of the API server a test changes. */
export type Tokens = {
  /** What a request for a token gives: a token, or the status that refuses it. */
  give: (namespace: string) => string | number;
  /** Status that a token gets which is presented to the API server. */
  presented: number;
  /** Paths of the ServiceAccounts whose tokens were asked for, and `presented`. */
  asked: string[];
};

/** A controller with references, its Vault, and its way to tokens. */
export type ReferencesScene = {
  scene: ControllerScene;
  vault: MemoryVault;
  tokens: Tokens;
  /** Creates or replaces a SealedSecret. */
  put(name: string, items: readonly object[], change?: { namespace?: string; spec?: object }): void;
  /** Waits for the reason of a condition. @returns its message. */
  untilReason(name: string, type: string, reason: string, namespace?: string): Promise<string>;
  status(name: string, namespace?: string): Record<string, unknown>;
};

/** Starts one; several may share a Vault, a cluster, and tokens. */
export async function referencesScene(
  context: TestContext,
  {
    args = REFERENCES_ON,
    vault = new MemoryVault(),
    tokens = { give: accountToken, presented: 401, asked: [] },
    ...options
  }: SceneOptions & { vault?: MemoryVault; tokens?: Tokens } = {},
): Promise<ReferencesScene> {
  const unasked = () => Promise.reject(new Error("not expected to be asked for"));
  const connections: KeyServiceConnections = {
    ...{ kms: unasked, transit: unasked },
    vault: async () => vault,
    close: () => vault.close(),
  };
  const scene = await controllerScene(context, {
    keys: [pairSecret(pair, "sealed-secrets-key1")],
    keyServices: connections,
    args,
    answer: (request) => tokenAnswer(request, tokens),
    identity: { ownToken: async () => null, withToken: () => presenting(tokens) },
    ...options,
  });
  const objectOf = (name: string, namespace: string) =>
    scene.cluster.store.get("sealedsecrets.bitnami.com", namespace, name);
  return {
    scene,
    vault,
    tokens,
    put(name, items, { namespace = "team", spec = {} } = {}) {
      scene.cluster.store.ensureNamespace(namespace);
      const object: ApiObject = {
        apiVersion: API_VERSION,
        kind: KIND,
        metadata: { namespace, name },
        spec: { encryptedData: {}, vault: items.map((item) => ({ mount: "kv", ...item })), ...spec },
      };
      scene.cluster.store.put(object);
    },
    untilReason: (name, type, reason, namespace = "team") =>
      scene.until(`${namespace}/${name}: ${type} ${reason}`, () => {
        const found = scene.condition(name, type, namespace);
        return found?.reason === reason && (found.message ?? " ");
      }),
    status(name, namespace = "team") {
      const status = objectOf(name, namespace)?.["status"];
      assert.ok(status instanceof Object);
      return { ...status };
    },
  };
}

function tokenAnswer(request: KubeRequest, { give, asked }: Tokens): KubeObject | null {
  const [, namespace] = /\/namespaces\/([^/]+)\/serviceaccounts\/[^/]+\/token$/.exec(request.path) ?? [];
  if (namespace === undefined) return null;
  asked.push(request.path);
  const given = give(namespace);
  if (typeof given === "string") return { metadata: {}, status: { token: given } };
  throw new KubeApiError({
    ...{ request: requestWords(request), status: given, reason: "" },
    ...{ retryAfterSeconds: null, fields: [] },
  });
}

function presenting(tokens: Tokens): KubeClient {
  const unasked = () => assert.fail("not expected to be asked for");
  return {
    ...{ server: "https://cluster", namespace: null, request: unasked, watch: unasked },
    async raw() {
      tokens.asked.push("presented");
      return { status: tokens.presented, body: new Uint8Array(), contentType: "", retryAfterSeconds: null };
    },
    close: async () => undefined,
  };
}
