import { type ManagedProcess, startProcess } from "./managed-process.ts";

/** What a controller manager is started with. */
export type ControllerManagerOptions = {
  binaries: { "kube-controller-manager": string; netbox: string };
  kubeconfig: string;
  serviceAccountKeyFile: string;
  caFile: string;
};

// Owner references, namespace deletion, and ServiceAccounts: what a cluster does to objects without any node.
const controllers = [
  "garbage-collector-controller",
  "namespace-controller",
  "serviceaccount-controller",
  "serviceaccount-token-controller",
];

/** Starts kube-controller-manager with the few controllers that matter to Secrets, and waits until they work. */
export async function startControllerManager(options: ControllerManagerOptions): Promise<ManagedProcess> {
  const process = await startProcess({
    name: "kube-controller-manager",
    command: options.binaries.netbox,
    args: [
      "exec",
      "--",
      options.binaries["kube-controller-manager"],
      `--kubeconfig=${options.kubeconfig}`,
      // Nobody asks it anything, so it listens on no port.
      "--secure-port=0",
      `--controllers=${controllers.join(",")}`,
      "--leader-elect=false",
      `--service-account-private-key-file=${options.serviceAccountKeyFile}`,
      `--root-ca-file=${options.caFile}`,
    ],
  });
  try {
    // It serves no health check here; this line comes once the garbage collector has seen every resource.
    await process.waitForOutput(/Proceeding to collect garbage/, 60_000);
    return process;
  } catch (error) {
    await process.stop(0);
    throw error;
  }
}
