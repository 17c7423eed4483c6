import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { readDocuments } from "../shared/document/read-documents.ts";
import { KubeApiError } from "../shared/kube/api-error.ts";
import type { KubeClient, KubeObject } from "../shared/kube/client.ts";
import { loadKubeConfig } from "../shared/kube/config.ts";
import { connectKube } from "../shared/kube/http-client.ts";
import { corePath } from "../shared/kube/paths.ts";
import { version } from "../shared/version.ts";
import { startEmbeddedCluster } from "../test/embedded-cluster/embedded-cluster.ts";
import { type RunningController, runController } from "./programs.ts";

const CRD_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const READY_MS = 60_000;

/** A cluster with our controller on it. */
export type Stage = {
  /** What it is, for the audience. */
  title: string;
  client: KubeClient;
  /** Where the demo's objects go. */
  namespace: string;
  /** Path of the kubeconfig that reaches it. */
  kubeconfig: string;
  /** How the CLI finds the certificate. */
  certificateArguments: readonly string[];
  controller: RunningController;
  /** Removes everything the demo made. */
  close(): Promise<void>;
};

/** The embedded API server, with the controller behind its Service proxy as in a real cluster. */
export async function embeddedStage(folder: string): Promise<Stage> {
  const cluster = await startEmbeddedCluster();
  const kubeconfig = join(folder, "kubeconfig");
  await cluster.kubeconfig(kubeconfig);
  const client = await connect(kubeconfig);
  await applyDefinition(client);
  cluster.store.ensureNamespace("shop");
  const { controller, port } = await startController(kubeconfig, "kube-system", []);
  cluster.registerService({
    namespace: "kube-system",
    name: "sealed-secrets-controller",
    target: `http://127.0.0.1:${port}`,
  });
  return {
    title: "an API server in this process (in memory; no cluster needed)",
    client,
    namespace: "shop",
    kubeconfig,
    certificateArguments: [],
    controller,
    async close() {
      await controller.stop();
      await client.close();
      await cluster.stop();
    },
  };
}

/** A real cluster: everything in a namespace of the demo's own, the controller too. */
export async function realStage(kubeconfig: string): Promise<Stage> {
  const client = await connect(kubeconfig);
  const namespace = `signet-demo-${randomBytes(3).toString("hex")}`;
  const removals: (() => Promise<unknown>)[] = [];
  const close = async () => {
    for (const remove of removals.reverse()) await remove();
    await client.close();
  };
  try {
    if (await applyDefinition(client))
      removals.push(() => remove(client, `${CRD_PATH}/sealedsecrets.bitnami.com`));
    const body = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
    await client.request({ method: "POST", path: "/api/v1/namespaces", body });
    removals.push(() => remove(client, `/api/v1/namespaces/${namespace}`));
    const { controller, port } = await startController(kubeconfig, namespace, ["--all-namespaces=false"]);
    removals.push(() => controller.stop());
    return {
      title: `the cluster ${client.server}, namespace ${namespace}`,
      client,
      namespace,
      kubeconfig,
      certificateArguments: ["--cert", `http://127.0.0.1:${port}/v1/cert.pem`],
      controller,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function connect(kubeconfig: string): Promise<KubeClient> {
  return connectKube(await loadKubeConfig({ kubeconfig }), { version });
}

/** @returns whether the definition was not there before. */
async function applyDefinition(client: KubeClient): Promise<boolean> {
  const file = join(import.meta.dirname, "..", "crds", "sealedsecrets.yaml");
  const [document] = readDocuments(await readFile(file), file);
  const body = document?.value as KubeObject;
  try {
    await client.request({ method: "POST", path: CRD_PATH, body });
  } catch (error) {
    if (error instanceof KubeApiError && error.status === 409) return false;
    throw error;
  }
  return true;
}

async function remove(client: KubeClient, path: string): Promise<void> {
  try {
    await client.request({ method: "DELETE", path });
  } catch (error) {
    if (!(error instanceof KubeApiError && error.status === 404)) throw error;
  }
}

async function startController(
  kubeconfig: string,
  ownNamespace: string,
  args: readonly string[],
): Promise<{ controller: RunningController; port: number }> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const controller = runController(
    [
      `--kubeconfig=${kubeconfig}`,
      `--listen-addr=127.0.0.1:${port}`,
      `--listen-metrics-addr=127.0.0.1:${metricsPort}`,
      ...args,
    ],
    { POD_NAMESPACE: ownNamespace },
  );
  const deadline = Date.now() + READY_MS;
  while (Date.now() < deadline && !controller.hasEnded()) {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => null);
    if (answer?.ok === true) return { controller, port };
    await sleep(50);
  }
  await controller.stop();
  throw new Error(`the controller did not become ready:\n${controller.log()}`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Waits until a read gives something. */
export async function eventually<T>(what: string, read: () => Promise<T | null>): Promise<T> {
  const deadline = Date.now() + READY_MS;
  while (Date.now() < deadline) {
    const found = await read();
    if (found !== null) return found;
    await sleep(50);
  }
  throw new Error(`${what} did not happen within ${READY_MS / 1000} s`);
}

/** An object, or null while it is not there. */
export async function readObject(client: KubeClient, path: string): Promise<KubeObject | null> {
  try {
    return await client.request({ method: "GET", path });
  } catch (error) {
    if (error instanceof KubeApiError && error.status === 404) return null;
    throw error;
  }
}

/** Path of a Secret. */
export const secretPath = (namespace: string, name: string): string => corePath("secrets", namespace, name);
