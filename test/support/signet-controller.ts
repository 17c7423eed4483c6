import { join } from "node:path";
import { controllerProgram } from "./built-programs.ts";
import { credentialOf } from "./control-plane/audit-log.ts";
import type { ControlPlane } from "./control-plane/control-plane.ts";
import { exposeAsService } from "./control-plane/exposed-service.ts";
import { firstBoxAddress, freePort, requireNetbox } from "./control-plane/host-network.ts";
import type { KubeObject } from "./control-plane/kube-object.ts";
import { type ManagedProcess, startProcess } from "./control-plane/managed-process.ts";
import { readObjects } from "./control-plane/object-files.ts";
import { startPodProcess } from "./control-plane/pod-process.ts";
import { untilReady } from "./control-plane/process-readiness.ts";
import { retryTakenPort } from "./control-plane/retry-taken-port.ts";

/** How our controller is started. */
export type SignetControllerOptions = {
  controlPlane: ControlPlane;
  /** Flags beyond those for the addresses it listens on. Without `--key-size` it makes keys of 2048 bits, to be quick. */
  flags?: readonly string[];
  /** From the bundle that `npm run build` left in dist/; by default as `controllerProgram` says. */
  from?: "dist";
  /** Where it finds its ServiceAccount's token: as in a pod (by default), or in a kubeconfig. */
  credentials?: "pod" | "kubeconfig";
  /** Environment beyond what a pod has. */
  env?: Readonly<Record<string, string>>;
  /** Whether to apply the manifest, definition included; true by default. */
  install?: boolean;
  /** Its namespace, where its keys and its lease are; kube-system by default. */
  namespace?: string;
  /** Whether its Service leads to it; true by default. Replicas beyond the first say no. */
  expose?: boolean;
  /** Called once the process runs, before it is waited for. */
  onStart?: (process: ManagedProcess) => Promise<void>;
  /** Whether to wait until /readyz says yes; true by default. If not, it is only waited for the port. */
  untilReady?: boolean;
};

/** Our controller, running as it would in a cluster. */
export type SignetController = {
  process: ManagedProcess;
  /** Root of its API, such as http://192.0.2.10:40123. */
  url: string;
  /** Root of its metrics server. */
  metricsUrl: string;
  /** Path of its Service proxy, ending in "/proxy"; empty where no Service leads to it. */
  proxyPath: string;
  /** How audit events name its token (`credential`); empty unless it runs as in a pod. */
  credential: string;
  /** What it has logged so far, standard output and error. */
  logs(): string;
  /** Ends it by SIGTERM; what it made in the cluster stays. */
  stop(): Promise<void>;
};

/** Namespace the manifest installs into. */
export const controllerNamespace = "kube-system";
/** Name of the ServiceAccount, Deployment and Service in the manifest. */
export const controllerName = "sealed-secrets-controller";
/** The manifest users apply. */
export const manifestFile = join(import.meta.dirname, "../../deploy/controller.yaml");

const root = join(import.meta.dirname, "../..");
const bundle = join(root, "dist/controller.mjs");

/**
 * The manifest's objects as far as they mean something without a kubelet: definition, ServiceAccount, roles and bindings.
 */
export async function readInstallation(): Promise<KubeObject[]> {
  const objects = await readObjects(manifestFile);
  return objects.filter(({ kind }) => kind !== "Deployment" && kind !== "Service");
}

/**
 * The same for a controller in another namespace, beside the first: what is cluster-wide gets a name of its own.
 */
export async function readInstallationIn(namespace: string): Promise<KubeObject[]> {
  const objects = (await readInstallation()).filter(({ kind }) => kind !== "CustomResourceDefinition");
  return objects.map((object): KubeObject => {
    const moved = JSON.parse(
      JSON.stringify(object).replaceAll(`"${controllerNamespace}"`, `"${namespace}"`),
    ) as KubeObject;
    if (object.metadata.namespace !== undefined || object.kind === "ClusterRole") return moved;
    return { ...moved, metadata: { ...moved.metadata, name: `${object.metadata.name}-${namespace}` } };
  });
}

/**
 * Installs the rights of the manifest, starts our controller under its own ServiceAccount and nothing more, waits until it
 * is ready and puts its Service in front of it. Stop it before the control plane.
 * @throws Error outside a box, and with its last lines when it does not come up.
 */
export async function startSignetController(options: SignetControllerOptions): Promise<SignetController> {
  const { controlPlane, from } = options;
  requireNetbox();
  if (options.install !== false) await controlPlane.apply(await readInstallation());
  return retryTakenPort(async () => {
    const address = firstBoxAddress;
    const port = await freePort(address);
    const metricsPort = await freePort(address);
    const flags = options.flags ?? [];
    const { process, credential } = await startProgram(options, [
      from === "dist" ? bundle : controllerProgram,
      `--listen-addr=${address}:${port}`,
      `--listen-metrics-addr=${address}:${metricsPort}`,
      ...(flags.some((flag) => flag.startsWith("--key-size")) ? [] : ["--key-size=2048"]),
      ...flags,
    ]);
    await options.onStart?.(process);
    const url = `http://${address}:${port}`;
    const probe = options.untilReady === false ? "/healthz" : "/readyz";
    await untilReady(process, { what: probe, boundMs: 60_000 }, async () => {
      const answer = await fetch(`${url}${probe}`);
      return answer.ok ? true : null;
    });
    const place = { controlPlane, namespace: options.namespace ?? controllerNamespace, name: controllerName };
    const proxyPath =
      options.expose === false ? "" : await exposeAsService({ ...place, podIP: address, port });
    return {
      process,
      url,
      metricsUrl: `http://${address}:${metricsPort}`,
      proxyPath,
      credential,
      logs: process.output,
      stop: () => process.stop(20_000),
    };
  });
}

async function startProgram(
  { controlPlane, credentials = "pod", env = {}, namespace = controllerNamespace }: SignetControllerOptions,
  args: readonly string[],
): Promise<{ process: ManagedProcess; credential: string }> {
  const serviceAccount = { namespace, name: controllerName };
  const program = { name: "signet-controller", command: process.execPath };
  if (credentials === "pod") {
    const token = await controlPlane.tokenFor({ serviceAccount });
    const process = await startPodProcess({ ...program, controlPlane, args, serviceAccount, env, token });
    return { process, credential: credentialOf(token) };
  }
  const kubeconfig = await controlPlane.kubeconfigFor({ serviceAccount });
  const started = await startProcess({
    ...program,
    args: [...args, `--kubeconfig=${kubeconfig}`],
    env: { PATH: process.env["PATH"], POD_NAMESPACE: namespace, ...env },
  });
  return { process: started, credential: "" };
}
