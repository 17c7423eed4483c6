import assert from "node:assert/strict";
import type { ControlPlane } from "./control-plane/control-plane.ts";
import { isRecord } from "./control-plane/kube-object.ts";
import { waitUntil } from "./control-plane/wait-until.ts";
import { controllerNamespace, type SignetController, startSignetController } from "./signet-controller.ts";

/** Times of a lease in tests. */
export const shortLease = {
  durationMs: 3000,
  retryMs: 500,
  flags: ["--lease-duration=3s", "--lease-renew-deadline=2s", "--lease-retry-period=500ms"],
};

/** How replicas are started. */
export type ReplicaOptions = {
  controlPlane: ControlPlane;
  /** 2 by default. */
  count?: number;
  /** Flags beyond those of a short lease. */
  flags?: readonly string[];
  /** Their namespace; kube-system by default. Its rights must be there unless `install`. */
  namespace?: string;
  /** Whether to apply the manifest; false by default. */
  install?: boolean;
  /** Environment of the replica of that number, from 0. */
  env?: (replica: number) => Readonly<Record<string, string>>;
};

/** Controllers that stand for one lease. */
export type Replicas = {
  readonly all: readonly SignetController[];
  /** Waits until one leads that is not `other` and says so itself. */
  leader(other?: SignetController): Promise<SignetController>;
  /** Which of all that were started it is, from 0. */
  numberOf(one: SignetController): number;
  /** Starts one more. */
  add(): Promise<SignetController>;
  /** Ends one by a signal and counts it no more. */
  end(one: SignetController, signal: "SIGKILL" | "SIGTERM"): Promise<void>;
  /** To be called after each test: fails when one has ended by itself, and tells what they logged when the test failed. */
  inspect(context: object): void;
  /** Ends all, also those that are stopped. */
  stop(): Promise<void>;
};

/** Holder and times of the controllers' lease in a namespace; empty where there is none. */
export async function controllersLease(
  controlPlane: ControlPlane,
  namespace: string = controllerNamespace,
): Promise<{ holder: string; acquiredAt: number; renewedAt: number }> {
  const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/sealed-secrets-controller`;
  const { body } = await controlPlane.request("GET", path);
  const spec = isRecord(body) && isRecord(body["spec"]) ? body["spec"] : {};
  const at = (field: string) => Date.parse(String(spec[field] ?? ""));
  return {
    holder: String(spec["holderIdentity"] ?? ""),
    acquiredAt: at("acquireTime"),
    renewedAt: at("renewTime"),
  };
}

/** Waits until a controller leads, which it may do some time after it is ready. */
export async function untilLeading(controlPlane: ControlPlane): Promise<void> {
  await waitUntil({ what: "a controller that leads" }, async () =>
    (await controllersLease(controlPlane)).holder === "" ? null : true,
  );
}

/** Starts replicas, all at once, and waits until all are ready. */
export async function startReplicas(options: ReplicaOptions): Promise<Replicas> {
  const { controlPlane, count = 2, flags = [], namespace = controllerNamespace, env } = options;
  const running = new Set<SignetController>();
  const numbers = new Map<SignetController, number>();
  let started = 0;
  const start = async (install: boolean): Promise<SignetController> => {
    const number = started++;
    const one = await startSignetController({
      controlPlane,
      namespace,
      install,
      expose: false,
      flags: [...shortLease.flags, ...flags],
      ...(env === undefined ? {} : { env: env(number) }),
    });
    running.add(one);
    numbers.set(one, number);
    return one;
  };
  const stop = async () => {
    const all = [...running];
    running.clear();
    for (const { process } of all) process.signal("SIGCONT");
    await Promise.all(all.map((one) => one.stop()));
  };
  try {
    if (options.install === true) await start(true);
    while (running.size < count) {
      await Promise.all(Array.from({ length: Math.min(3, count - running.size) }, () => start(false)));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    get all() {
      return [...running];
    },
    async leader(other) {
      let seen = "";
      try {
        return await waitUntil({ what: `a leader in ${namespace}`, boundMs: 60_000 }, async () => {
          const { holder } = await controllersLease(controlPlane, namespace);
          seen = holder;
          if (holder === "") return null;
          const found = [...running].find((one) => identityOf(one) === holder);
          return found === other ? null : found;
        });
      } catch (error) {
        const logs = [...running].map((one) => `${identityOf(one)}:\n${one.process.lastLines(10)}`);
        throw new Error(`no leader in ${namespace}; the lease names "${seen}"\n${logs.join("\n")}`, {
          cause: error,
        });
      }
    },
    numberOf: (one) => numbers.get(one) ?? -1,
    add: () => start(false),
    inspect(context) {
      for (const { process } of running)
        assert.equal(process.hasEnded(), false, `a replica has ended:\n${process.lastLines()}`);
      if (!("passed" in context) || context.passed === true) return;
      for (const one of running) console.log(`# replica ${numbers.get(one)}:\n${one.process.lastLines(40)}`);
    },
    async end(one, signal) {
      one.process.signal(signal);
      await one.process.waitForEnd();
      running.delete(one);
    },
    stop,
  };
}

/** The name under which a controller has led first; it never has another. */
function identityOf(one: SignetController): string | undefined {
  return /This replica leads.*\bholder=(\S+)/.exec(one.logs())?.[1];
}
