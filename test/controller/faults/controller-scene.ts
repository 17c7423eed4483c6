import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Controller, type ControllerParts, startController } from "../../../controller/controller.ts";
import type { KeyServiceConnections } from "../../../controller/key-services.ts";
import { openLog } from "../../../controller/log.ts";
import { readControllerOptions } from "../../../controller/options.ts";
import type { SecretObject } from "../../../controller/reconcile/secret-object.ts";
import { RECORD_KEY_SECRET } from "../../../controller/record-key.ts";
import { type Clock, systemClock } from "../../../controller/runtime/clock.ts";
import type { KubeClient, KubeObject, KubeRequest } from "../../../shared/kube/client.ts";
import { loadKubeConfig } from "../../../shared/kube/config.ts";
import { connectKube } from "../../../shared/kube/http-client.ts";
import { readCertificate, sealingKeyOf } from "../../../shared/seal/certificate.node.ts";
import { classicSealer } from "../../../shared/seal/rsa-hybrid.ts";
import type { Condition, SealedSecret } from "../../../shared/sealed-secret.ts";
import { KEY_LABEL } from "../../../shared/sealing-key-secret.ts";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import {
  type EmbeddedCluster,
  type EmbeddedClusterOptions,
  startEmbeddedCluster,
} from "../../embedded-cluster/embedded-cluster.ts";
import { type Canaries, type Evidence, objectEvidence } from "../../support/canary.ts";
import { type Look, lookUntil } from "../../support/look-until.ts";
import { patienceMs } from "../../support/patience.ts";
import { sealedManifest } from "../sealing-key.ts";

const OWN_NAMESPACE = "kube-system";
const BOUND_MS = 30_000;
/** So much faster do waits pass: backoff and retries are counted in minutes otherwise. */
const HASTE = 20;
/** What a test may change of the scene before the controller starts. */
export type SceneOptions = {
  cluster?: EmbeddedClusterOptions;
  args?: readonly string[];
  /** Puts objects and faults in place. */
  prepare?: (cluster: EmbeddedCluster) => Promise<void> | void;
  /** Sealing-key Secrets that stand there from the beginning; without any the controller makes its own. */
  keys?: readonly SecretObject[];
  /** Run on this cluster, which somebody else ends. */
  on?: EmbeddedCluster;
  /** Waits pass so many times faster than they would; below one, slower, so that none of them ends within the test. */
  haste?: number;
  /** In place of the one that goes with `haste`. */
  clock?: Clock;
  /** Of each request, or of a watch until it opens, in place of the half minute or more that the controller gives them. */
  requestTimeoutMs?: number;
  /** Milliseconds by which the answer to a request comes late, after it was served. */
  answerDelayMs?: (request: KubeRequest) => number;
  /** Answers what the cluster of the tests does not serve, such as requests for tokens; null for all else. */
  answer?: (request: KubeRequest) => KubeObject | null;
  identity?: ControllerParts["identity"];
  /** In place of AWS KMS and Vault. */
  keyServices?: KeyServiceConnections;
};

/** One write of a Secret as it was sent. */
export type SecretWrite = { method: string; path: string; items: string[] };

/** A controller in this process against an embedded API server. */
export type ControllerScene = {
  cluster: EmbeddedCluster;
  controller: Controller;
  lines: string[];
  /** Writes of Secrets so far. */
  secretWrites: SecretWrite[];
  /** Waits until the function gives something; fails with what was waited for after 30 s, or the bound given. */
  until<T>(what: string, look: Look<T>, boundMs?: number): Promise<T>;
  /** Creates or replaces a SealedSecret of the values, sealed with the certificate that the controller serves. */
  seal(name: string, plain: Record<string, string>, namespace?: string): Promise<SealedSecret>;
  /** Items of a Secret as text, null when there is none. */
  items(name: string, namespace?: string): Record<string, string> | null;
  /** Waits until a Secret holds exactly these items and the status says so. */
  untilSynced(name: string, plain: Record<string, string>, namespace?: string): Promise<void>;
  /** Puts the time of day forward. */
  moveOn(ms: number): void;
  condition(name: string, type: string, namespace?: string): Condition | undefined;
  events(): { reason: string; message: string; type: string; name: string }[];
  keySecrets(): ApiObject[];
  /** An answer of the controller's API. */
  ask(path: string, init?: RequestInit): Promise<{ status: number; text: string }>;
  metrics(): Promise<string>;
  /** Everything that must hold no secret: log, objects other than Secrets, requests but for writes of Secrets. */
  evidence(): Promise<Evidence[]>;
  stop(): Promise<void>;
};

/** Starts a cluster and a controller for a test and ends both after it. */
export async function controllerScene(
  context: TestContext,
  options: SceneOptions = {},
): Promise<ControllerScene> {
  const folder = await mkdtemp(join(tmpdir(), "signet-scene-"));
  const {
    args = [],
    prepare,
    keys = [],
    on,
    requestTimeoutMs,
    haste = HASTE,
    answerDelayMs = () => 0,
    answer = () => null,
    identity,
    keyServices,
  } = options;
  const cluster = on ?? (await startEmbeddedCluster(options.cluster ?? { sealedSecrets: true }));
  cluster.store.ensureNamespace("team");
  for (const key of keys) cluster.store.put(key as ApiObject);
  await prepare?.(cluster);
  const connection = await loadKubeConfig({
    kubeconfig: await cluster.kubeconfig(join(folder, "kubeconfig")),
  });
  const said: Evidence[] = [];
  const secretWrites: SecretWrite[] = [];
  const lines: string[] = [];
  const push = (line: string) => lines.push(line);
  let aheadMs = 0;
  const clock = options.clock ?? hastyClock(haste, () => aheadMs);
  const controller = await startController(
    readControllerOptions(
      [
        "--key-size=2048",
        "--listen-addr=127.0.0.1:0",
        "--listen-metrics-addr=127.0.0.1:0",
        // A lease would run out at once where time is in a hurry.
        "--leader-elect=false",
        ...args,
      ],
      {},
    ),
    {
      client: listenIn(connectKube(connection, { version: "test" }), {
        said,
        secretWrites,
        answerDelayMs,
        answer,
        ...(requestTimeoutMs === undefined ? {} : { requestTimeoutMs }),
      }),
      slowed: (client) => client,
      ownNamespace: OWN_NAMESPACE,
      clock,
      log: openLog({ level: "DEBUG", format: "text", infoToStdout: true }, { out: push, err: push }),
      version: "test",
      environment: {},
      identity: identity ?? {
        ownToken: async () => null,
        withToken: (token) => connectKube({ ...connection, user: { token } }, { version: "test" }),
      },
      ...(keyServices === undefined ? {} : { keyServices }),
    },
  );
  let stopped: Promise<void> | null = null;
  const stop = () => {
    stopped ??= controller.stop();
    return stopped;
  };
  context.after(async () => {
    cluster.faults.clear();
    await stop();
    if (on === undefined) await cluster.stop();
    await rm(folder, { recursive: true });
  });

  const get = (url: string, init?: RequestInit) =>
    fetch(url, { ...init, signal: AbortSignal.timeout(BOUND_MS) }).then(async (answer) => ({
      status: answer.status,
      text: await answer.text(),
    }));
  const scene: ControllerScene = {
    cluster,
    controller,
    lines,
    secretWrites,
    stop,
    until: (what, look, boundMs = patienceMs(BOUND_MS)) =>
      lookUntil({ what, boundMs, told: () => lines.slice(-15) }, look),
    async seal(name, plain, namespace = "team") {
      const pem = await scene.until("a certificate", async () => {
        const { status, text } = await scene.ask("/v1/cert.pem");
        return status === 200 && text;
      });
      const sealer = classicSealer(await sealingKeyOf(readCertificate(pem)));
      const manifest = await sealedManifest({ sealer }, { namespace, name }, plain);
      cluster.store.put(manifest as unknown as ApiObject);
      return manifest;
    },
    items(name, namespace = "team") {
      const secret = cluster.store.get("secrets", namespace, name);
      if (secret === null) return null;
      const data = (secret["data"] ?? {}) as Record<string, string>;
      return Object.fromEntries(
        Object.entries(data).map(([item, value]) => [item, Buffer.from(value, "base64").toString()]),
      );
    },
    async untilSynced(name, plain, namespace = "team") {
      await scene.until(`${namespace}/${name} in sync`, () => {
        const object = cluster.store.get("sealedsecrets.bitnami.com", namespace, name);
        const status = object?.["status"] as SealedSecret["status"];
        return (
          status?.observedGeneration === object?.metadata.generation &&
          scene.condition(name, "Ready", namespace)?.status === "True" &&
          JSON.stringify(scene.items(name, namespace)) === JSON.stringify(plain)
        );
      });
      assert.equal(scene.condition(name, "Synced", namespace)?.status, "True");
    },
    moveOn: (ms) => {
      aheadMs += ms;
    },
    condition(name, type, namespace = "team") {
      const object = cluster.store.get("sealedsecrets.bitnami.com", namespace, name);
      return (object?.["status"] as SealedSecret["status"])?.conditions?.find((one) => one.type === type);
    },
    events: () =>
      cluster.store.list("events").map((event) => ({
        reason: String(event["reason"]),
        message: String(event["message"]),
        type: String(event["type"]),
        name: (event["involvedObject"] as { name: string }).name,
      })),
    keySecrets: () =>
      cluster.store
        .list("secrets", OWN_NAMESPACE)
        .filter(({ metadata }) => metadata.labels?.[KEY_LABEL] === "active"),
    ask: (path, init) => get(`http://127.0.0.1:${controller.ports.api}${path}`, init),
    metrics: async () => (await get(`http://127.0.0.1:${controller.ports.metrics}/metrics`)).text,
    async evidence() {
      const resources = ["sealedsecrets.bitnami.com", "events", "configmaps", "namespaces"];
      const requests = cluster.requests.map(({ method, path, query }) => `${method} ${path}?${query}`);
      return [
        { where: "the log", content: lines.join("") },
        { where: "the paths of the requests", content: requests.join("\n") },
        ...said,
        ...resources.flatMap((resource) => objectEvidence(resource, cluster.store.list(resource))),
      ];
    },
  };
  return scene;
}

/** Guards the keys in the cluster too. */
export function guardKeys(canaries: Canaries, scene: ControllerScene): void {
  for (const secret of scene.keySecrets()) {
    const pem = (secret["data"] as Record<string, string>)["tls.key"] ?? "";
    canaries.guardPrivateKey("sealing key", Buffer.from(pem, "base64").toString());
  }
}

/** The client, whose requests are kept as evidence; of Secrets the names of the items only. */
function listenIn(
  client: KubeClient,
  {
    said,
    secretWrites,
    answerDelayMs,
    answer: otherwise,
    requestTimeoutMs,
  }: Required<Pick<SceneOptions, "answerDelayMs" | "answer">> & {
    requestTimeoutMs?: number;
    said: Evidence[];
    secretWrites: SecretWrite[];
  },
): KubeClient {
  const time = requestTimeoutMs === undefined ? {} : { timeoutMs: requestTimeoutMs };
  return {
    server: client.server,
    namespace: client.namespace,
    async request(request: KubeRequest) {
      const { method, path, body } = request;
      const isSecret = /\/secrets(\/[^/]+)?$/.test(path);
      if (method !== "GET" && isSecret) {
        const data = (body as KubeObject | undefined)?.["data"] ?? {};
        // The secret of the records is the controller's own affair.
        if ((body as Partial<KubeObject> | undefined)?.metadata?.name !== RECORD_KEY_SECRET)
          secretWrites.push({ method, path, items: Object.keys(data) });
      } else if (body !== undefined) {
        said.push({ where: `body of ${method} ${path}`, content: JSON.stringify(body) });
      }
      const answer = otherwise(request) ?? (await client.request({ ...request, ...time }));
      await sleep(answerDelayMs(request));
      return answer;
    },
    raw: (request) => client.raw(request),
    watch: (request) => client.watch({ ...request, ...time }),
    close: () => client.close(),
  };
}

/** The time of day is the real one, or ahead of it; waits pass quickly. */
function hastyClock(haste: number, aheadMs: () => number): Clock {
  return {
    now: () => systemClock.now() + aheadMs(),
    monotonic: () => systemClock.monotonic() * haste,
    sleep: (ms, signal) => systemClock.sleep(ms / haste, signal),
  };
}
