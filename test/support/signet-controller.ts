import { join } from "node:path";
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
  /** From its sources, or the bundle that `npm run build` left in dist/. By default the sources. */
  from?: "source" | "dist";
  /** Where it finds its ServiceAccount's token: as in a pod (by default), or in a kubeconfig. */
  credentials?: "pod" | "kubeconfig";
  /** Environment beyond what a pod has. */
  env?: Readonly<Record<string, string>>;
  /** Whether to apply the manifest, definition included; true by default. */
  install?: boolean;
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
  /** Path of its Service proxy, ending in "/proxy". */
  proxyPath: string;
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
const programs = { source: "controller/main.ts", dist: "dist/controller.mjs" };

/**
 * The manifest's objects as far as they mean something without a kubelet: definition, ServiceAccount, roles and bindings.
 */
export async function readInstallation(): Promise<KubeObject[]> {
  const objects = await readObjects(manifestFile);
  return objects.filter(({ kind }) => kind !== "Deployment" && kind !== "Service");
}

/**
 * Installs the rights of the manifest, starts our controller under its own ServiceAccount and nothing more, waits until it
 * is ready and puts its Service in front of it. Stop it before the control plane.
 * @throws Error outside a box, and with its last lines when it does not come up.
 */
export async function startSignetController(options: SignetControllerOptions): Promise<SignetController> {
  const { controlPlane, from = "source" } = options;
  requireNetbox();
  if (options.install !== false) await controlPlane.apply(await readInstallation());
  return retryTakenPort(async () => {
    const address = firstBoxAddress;
    const port = await freePort(address);
    const metricsPort = await freePort(address);
    const flags = options.flags ?? [];
    const process = await startProgram(options, [
      join(root, programs[from]),
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
    const proxyPath = await exposeAsService({
      controlPlane,
      namespace: controllerNamespace,
      name: controllerName,
      podIP: address,
      port,
    });
    return {
      process,
      url,
      metricsUrl: `http://${address}:${metricsPort}`,
      proxyPath,
      logs: process.output,
      stop: () => process.stop(20_000),
    };
  });
}

async function startProgram(
  { controlPlane, credentials = "pod", env = {} }: SignetControllerOptions,
  args: readonly string[],
): Promise<ManagedProcess> {
  const serviceAccount = { namespace: controllerNamespace, name: controllerName };
  const program = { name: "signet-controller", command: process.execPath };
  if (credentials === "pod") return startPodProcess({ ...program, controlPlane, args, serviceAccount, env });
  const kubeconfig = await controlPlane.kubeconfigFor({ serviceAccount });
  return startProcess({
    ...program,
    args: [...args, `--kubeconfig=${kubeconfig}`],
    env: { PATH: process.env["PATH"], POD_NAMESPACE: controllerNamespace, ...env },
  });
}
