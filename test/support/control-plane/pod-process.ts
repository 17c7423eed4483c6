import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureRealComponents } from "../../tools/real-components.ts";
import type { ControlPlane } from "./control-plane.ts";
import { type ManagedProcess, startProcess } from "./managed-process.ts";
import type { ServiceAccountName } from "./service-account.ts";

/** A program to run as if in a pod. */
export type PodProcessOptions = {
  controlPlane: ControlPlane;
  /** How errors call it. */
  name: string;
  /** Absolute path of the program. */
  command: string;
  args: readonly string[];
  /** Whose credentials it finds; its namespace is the pod's. Made where it is missing. */
  serviceAccount: ServiceAccountName;
  /** Environment beyond what a pod has. */
  env?: Readonly<Record<string, string>>;
  /** Token of the ServiceAccount; a new one by default. */
  token?: string;
};

let pods = 0;

/**
 * Starts a program that sees what a pod sees: the API server's address in its environment, and its ServiceAccount's
 * token, authority and namespace under /var/run/secrets. Nothing of this process's environment but PATH reaches it.
 */
export async function startPodProcess(options: PodProcessOptions): Promise<ManagedProcess> {
  const { controlPlane, serviceAccount, name } = options;
  const { netbox } = await ensureRealComponents(["netbox"]);
  const folder = join(
    controlPlane.folder,
    `pod-${serviceAccount.namespace}-${serviceAccount.name}-${++pods}`,
  );
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const token = options.token ?? (await controlPlane.tokenFor({ serviceAccount }));
  await writeFile(join(folder, "token"), token, { mode: 0o600 });
  await writeFile(join(folder, "ca.crt"), controlPlane.ca);
  await writeFile(join(folder, "namespace"), serviceAccount.namespace);
  return startProcess({
    name,
    command: netbox,
    args: ["pod", "--service-account", folder, "--", options.command, ...options.args],
    env: {
      PATH: process.env["PATH"],
      KUBERNETES_SERVICE_HOST: "127.0.0.1",
      KUBERNETES_SERVICE_PORT: String(controlPlane.port),
      POD_NAMESPACE: serviceAccount.namespace,
      ...options.env,
    },
  });
}
