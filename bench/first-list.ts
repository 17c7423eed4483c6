import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type ControlPlane, startControlPlane } from "../test/support/control-plane/control-plane.ts";
import { makeScratchFolder } from "../test/support/control-plane/scratch-folder.ts";
import { controllerName, controllerNamespace } from "../test/support/signet-controller.ts";

/**
 * What the API server notes down: that a controller asks for SealedSecrets, when its request comes in. Nothing else, so
 * that noting it costs neither side anything.
 */
const policy = {
  apiVersion: "audit.k8s.io/v1",
  kind: "Policy",
  rules: [
    {
      level: "Metadata",
      users: [`system:serviceaccount:${controllerNamespace}:${controllerName}`],
      verbs: ["list", "watch"],
      resources: [{ group: "bitnami.com", resources: ["sealedsecrets"] }],
    },
    { level: "None" },
  ],
};

/** A control plane that knows when a controller asks for SealedSecrets. */
export type BenchCluster = ControlPlane & {
  /** Notes how often a controller has asked so far. @returns what waits until it asks again. */
  nextList(): Promise<() => Promise<void>>;
};

/** Starts a control plane for one run. */
export async function startBenchCluster(): Promise<BenchCluster> {
  const scratch = await makeScratchFolder("bench-audit");
  const policyFile = join(scratch.path, "policy.json");
  const logFile = join(scratch.path, "audit.log");
  await writeFile(policyFile, JSON.stringify(policy));
  // One file for the whole run: what is awaited must not be in one that was put aside.
  const apiServerArgs = [
    `--audit-policy-file=${policyFile}`,
    `--audit-log-path=${logFile}`,
    "--audit-log-maxsize=10000",
  ];
  const received = async (): Promise<number> =>
    (await readFile(logFile, "utf8").catch(() => "")).split('"stage":"RequestReceived"').length - 1;
  try {
    const cluster = await startControlPlane({ apiServerArgs });
    return {
      ...cluster,
      async nextList() {
        const before = await received();
        return async () => {
          for (const deadline = performance.now() + 60_000; (await received()) <= before; await sleep(2))
            if (performance.now() > deadline) throw new Error("the controller does not list SealedSecrets");
        };
      },
      async stop() {
        await cluster.stop();
        await scratch.remove();
      },
    };
  } catch (error) {
    await scratch.remove();
    throw error;
  }
}
