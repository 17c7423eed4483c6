import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseDockerfile } from "../test/packaging/dockerfile.ts";
import type { ControlPlane } from "../test/support/control-plane/control-plane.ts";
import { firstBoxAddress, freePort } from "../test/support/control-plane/host-network.ts";
import type { ManagedProcess } from "../test/support/control-plane/managed-process.ts";
import { readObjects, sealedSecretDefinitionFile } from "../test/support/control-plane/object-files.ts";
import { startPodProcess } from "../test/support/control-plane/pod-process.ts";
import { referenceAccess } from "../test/support/control-plane/reference-access.ts";
import { waitUntil } from "../test/support/control-plane/wait-until.ts";
import { controllerName, controllerNamespace, readInstallation } from "../test/support/signet-controller.ts";
import { ensureRealComponents } from "../test/tools/real-components.ts";

/** One of the two controllers that are compared. */
export type Subject = {
  name: "reference" | "Signet";
  /** Gives the cluster the definition and the rights it runs with. */
  install(cluster: ControlPlane): Promise<void>;
  /** Starts it as in a pod. */
  start(cluster: ControlPlane, options?: StartOptions): Promise<Running>;
};

/** How to start a controller. */
export type StartOptions = {
  flags?: readonly string[];
  /** Folder for a profile by V8, null for none; only Signet can be profiled. */
  profile?: string | null;
  /** Name of the profile. */
  name?: string;
  /** Environment beyond what a pod has; only for Signet. */
  env?: Readonly<Record<string, string>>;
};

/** A controller that has just been started. */
export type Running = {
  process: ManagedProcess;
  /** By performance.now(). */
  startedAt: number;
  /** Waits until it hands out its certificate, the first thing both do for others. */
  untilServing(): Promise<void>;
  /** Sum of a metric over all its labels; null when there is none of that name. */
  metric(name: string): Promise<number | null>;
  /** Ends it by SIGTERM. */
  stop(): Promise<void>;
};

const serviceAccount = { namespace: controllerNamespace, name: controllerName };
const root = join(import.meta.dirname, "..");

/** The Go reference; its limits on requests to the API server are its own unless flags say otherwise. */
export const reference: Subject = {
  name: "reference",
  async install(cluster) {
    await cluster.apply(await readObjects(sealedSecretDefinitionFile));
    await cluster.tokenFor({ serviceAccount });
    await cluster.apply(
      referenceAccess({
        namespace: controllerNamespace,
        serviceName: controllerName,
        serviceAccount: controllerName,
      }),
    );
  },
  async start(cluster, { flags = [] } = {}) {
    const binaries = await ensureRealComponents(["sealed-secrets-controller"]);
    return start(cluster, binaries["sealed-secrets-controller"], flags);
  },
};

/** Ours, as `npm run build` left it in dist/, under the flags for Node that its image gives. */
export const signet: Subject = {
  name: "Signet",
  async install(cluster) {
    await cluster.apply(await readInstallation());
  },
  async start(cluster, { flags = [], profile = null, name = "start", env = {} } = {}) {
    const args = [
      ...(await imageFlags()),
      ...(profile === null
        ? []
        : ["--cpu-prof", `--cpu-prof-dir=${profile}`, `--cpu-prof-name=${name}.cpuprofile`]),
      join(root, "dist", "controller.mjs"),
      ...flags,
    ];
    return start(cluster, process.execPath, args, env);
  },
};

async function imageFlags(): Promise<string[]> {
  const steps = parseDockerfile(await readFile(join(root, "Dockerfile"), "utf8"));
  const entry = steps.findLast((step) => step.kind === "entrypoint");
  return entry?.argv.slice(1, -1) ?? [];
}

async function start(
  cluster: ControlPlane,
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Running> {
  const port = await freePort(firstBoxAddress);
  const metricsPort = await freePort(firstBoxAddress);
  const started = await startPodProcess({
    controlPlane: cluster,
    name: "the controller",
    command,
    args: [
      ...args,
      `--listen-addr=${firstBoxAddress}:${port}`,
      `--listen-metrics-addr=${firstBoxAddress}:${metricsPort}`,
    ],
    serviceAccount,
    env,
  });
  return {
    process: started,
    startedAt: performance.now(),
    async untilServing() {
      const giveUp = (): string | null => (started.hasEnded() ? `it ended:\n${started.lastLines()}` : null);
      await waitUntil({ what: "its certificate", boundMs: 60_000, everyMs: 5, giveUp }, async () => {
        const answer = await fetch(`http://${firstBoxAddress}:${port}/v1/cert.pem`);
        return answer.ok ? true : null;
      });
    },
    async metric(name) {
      const answer = await fetch(`http://${firstBoxAddress}:${metricsPort}/metrics`);
      const lines = (await answer.text()).split("\n").filter((line) => /^[^{ ]+/.exec(line)?.[0] === name);
      return lines.length === 0 ? null : lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
    },
    stop: () => started.stop(20_000),
  };
}
