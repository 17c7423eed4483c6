import { startControlPlane } from "../test/support/control-plane/control-plane.ts";
import { type ClusterWatch, watchCluster } from "./cluster-watch.ts";
import { type Corpus, create, keyOf, load } from "./corpus.ts";
import { type Measurement, quantile } from "./measurement.ts";
import type { BenchOptions } from "./options.ts";
import { cpuSeconds, residentMemory, untilQuiet } from "./process-usage.ts";
import type { Running, Subject } from "./subject.ts";

const idlePauseMs = 100;
const boundMs = (objects: number): number => 120_000 + objects * 1_000;

/** How one controller is run: on a clean cluster that holds the corpus. */
export type ControllerRun = {
  subject: Subject;
  flags: readonly string[];
  corpus: Corpus;
  options: BenchOptions;
  /** Says what is going on. */
  progress: (what: string) => void;
};

/**
 * Takes one controller through all scenes that were asked for, on one cluster: the cold start, then restarts over what
 * it has made, then single SealedSecrets with nothing else to do.
 */
export async function runController({
  subject,
  flags,
  corpus,
  options,
  progress,
}: ControllerRun): Promise<Measurement[]> {
  const { objects, only } = options;
  const found: Measurement[] = [];
  const add = (figure: string, value: number): void =>
    void found.push({ figure, subject: subject.name, value });
  const cluster = await startControlPlane();
  let watch: ClusterWatch | null = null;
  let running: Running | null = null;
  try {
    await subject.install(cluster);
    progress("loading the cluster");
    await load(cluster, corpus);
    watch = await watchCluster(cluster);
    const keys = corpus.sealedSecrets.map(keyOf);
    const bound = boundMs(objects);

    progress("cold start");
    running = await subject.start(cluster, flags);
    const { pid } = running.process;
    const lastSecret = await watch.until(watch.secrets, keys, bound);
    const lastStatus = await watch.until(watch.synced, keys, bound);
    const seconds = (Math.max(lastSecret, lastStatus) - running.startedAt) / 1000;
    const quiet = await untilQuiet(pid, bound);
    if (only.has("cold")) {
      add("cold start, to the last Secret and status (s)", seconds);
      add("cold start, objects per second", objects / seconds);
      add("cold start, CPU per object until quiet, events included (ms)", (quiet.cpu / objects) * 1000);
      const { nowMiB, peakMiB } = residentMemory(pid);
      add("memory after the cold start (MiB)", nowMiB);
      add("memory, peak (MiB)", peakMiB);
    }

    if (only.has("restart")) {
      progress("restart with nothing changed");
      await running.stop();
      running = await subject.start(cluster, flags);
      await running.untilServing();
      const again = await untilQuiet(running.process.pid, bound);
      add("restart, nothing changed, until quiet, to 0.5 s (s)", (again.at - running.startedAt) / 1000);
      add("restart, nothing changed, CPU (s)", again.cpu);
    }

    if (only.has("fresh")) {
      progress("a fresh SealedSecret after a restart");
      await running.stop();
      const fresh = await corpus.oneMore("fresh");
      running = await subject.start(cluster, flags);
      await running.untilServing();
      const created = performance.now();
      await create(cluster, fresh);
      const appeared = await watch.until(watch.secrets, [keyOf(fresh)], bound);
      add("a fresh SealedSecret right after a restart, to its Secret (ms)", appeared - created);
      await untilQuiet(running.process.pid, bound);
    }

    if (only.has("idle")) {
      progress("single SealedSecrets when idle");
      const latencies: number[] = [];
      const cpuBefore = cpuSeconds(running.process.pid);
      for (let i = 0; i < options.samples; i += 1) {
        const object = await corpus.oneMore(`idle-${i}`);
        await new Promise((resolve) => setTimeout(resolve, idlePauseMs));
        const created = performance.now();
        await create(cluster, object);
        latencies.push((await watch.until(watch.secrets, [keyOf(object)], 60_000)) - created);
      }
      for (const q of [0.5, 0.95, 0.99])
        add(`idle, SealedSecret to Secret, p${q * 100} (ms)`, quantile(latencies, q));
      const { cpu } = await untilQuiet(running.process.pid, 60_000);
      add("idle, CPU per SealedSecret (ms)", ((cpu - cpuBefore) / options.samples) * 1000);
    }
    return found;
  } finally {
    watch?.close();
    await running?.stop();
    await cluster.stop();
  }
}
