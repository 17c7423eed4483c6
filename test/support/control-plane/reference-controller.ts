import { ensureRealComponents } from "../../tools/real-components.ts";
import type { ControlPlane } from "./control-plane.ts";
import { exposeAsService } from "./exposed-service.ts";
import { firstBoxAddress, freePort, requireNetbox } from "./host-network.ts";
import type { KubeObject } from "./kube-object.ts";
import type { ManagedProcess } from "./managed-process.ts";
import { readObjects, sealedSecretDefinitionFile } from "./object-files.ts";
import { startPodProcess } from "./pod-process.ts";
import { untilReady } from "./process-readiness.ts";
import { referenceAccess } from "./reference-access.ts";
import { retryTakenPort } from "./retry-taken-port.ts";

/** How the reference controller is installed and started. */
export type ReferenceControllerOptions = {
  controlPlane: ControlPlane;
  /** Flags beyond those for the addresses it listens on. */
  flags?: readonly string[];
  /** Its own namespace, where its keys are; kube-system by default. */
  namespace?: string;
  /** Name of its Service; sealed-secrets-controller by default. */
  serviceName?: string;
  /** Name of its Service's port; unnamed by default, as in the reference's static manifest. */
  portName?: string;
  /** Address it listens on, one of the box's; 192.0.2.10 by default. */
  address?: string;
  /** Port of its API; one the kernel chooses by default. */
  port?: number;
  /** The SealedSecret definition to install: an object or a YAML file; this product's by default; null to install none. */
  crd?: KubeObject | string | null;
};

/** A running reference controller. */
export type ReferenceController = {
  process: ManagedProcess;
  namespace: string;
  serviceName: string;
  /** Root of its API, such as http://192.0.2.10:40123. */
  url: string;
  /** Root of its metrics server. */
  metricsUrl: string;
  /** Path of its Service proxy, ending in "/proxy". */
  proxyPath: string;
  /** What it has logged so far. */
  logs(): string;
  /** Ends it; what it made in the cluster stays. */
  stop(): Promise<void>;
};

/**
 * Installs the reference controller with its own definition, roles and Service, starts it as a pod would run it, and waits until
 * it hands out a certificate. Stop it before the control plane.
 * @throws Error outside a box, and with its last lines when it does not come up.
 */
export async function startReferenceController(
  options: ReferenceControllerOptions,
): Promise<ReferenceController> {
  const { controlPlane, namespace = "kube-system", serviceName = "sealed-secrets-controller" } = options;
  requireNetbox();
  const address = options.address ?? firstBoxAddress;
  const binaries = await ensureRealComponents(["sealed-secrets-controller"]);
  const serviceAccount = { namespace, name: "sealed-secrets-controller" };
  await controlPlane.apply(await definitionOf(options.crd));
  await controlPlane.tokenFor({ serviceAccount });
  await controlPlane.apply(referenceAccess({ namespace, serviceName, serviceAccount: serviceAccount.name }));

  return retryTakenPort(async () => {
    const port = options.port ?? (await freePort(address));
    const metricsPort = await freePort(address);
    const process = await startPodProcess({
      controlPlane,
      name: "sealed-secrets-controller",
      command: binaries["sealed-secrets-controller"],
      args: [
        `--listen-addr=${address}:${port}`,
        `--listen-metrics-addr=${address}:${metricsPort}`,
        ...(options.flags ?? []),
      ],
      serviceAccount,
    });
    const url = `http://${address}:${port}`;
    await untilReady(process, { what: "its certificate", boundMs: 60_000 }, async () => {
      const answer = await fetch(`${url}/v1/cert.pem`);
      return answer.ok ? true : null;
    });
    const { portName } = options;
    const proxyPath = await exposeAsService({
      controlPlane,
      namespace,
      name: serviceName,
      podIP: address,
      port,
      ...(portName === undefined ? {} : { portName }),
    });
    return {
      process,
      namespace,
      serviceName,
      url,
      metricsUrl: `http://${address}:${metricsPort}`,
      proxyPath,
      logs: process.output,
      stop: () => process.stop(),
    };
  });
}

async function definitionOf(crd: KubeObject | string | null | undefined): Promise<KubeObject[]> {
  if (crd === null) return [];
  if (crd === undefined) return readObjects(sealedSecretDefinitionFile);
  return typeof crd === "string" ? readObjects(crd) : [crd];
}
