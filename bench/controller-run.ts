import { type ClusterWatch, watchCluster } from "./cluster-watch.ts";
import { coldScene } from "./cold-scene.ts";
import { type Corpus, keyOf, load } from "./corpus.ts";
import { startBenchCluster } from "./first-list.ts";
import { idleScene } from "./idle-scene.ts";
import type { Measurement } from "./measurement.ts";
import type { BenchOptions } from "./options.ts";
import { freshScene, restartScene } from "./restart-scenes.ts";
import type { Scene } from "./scene.ts";
import type { Running, Subject } from "./subject.ts";

/** How long all objects may take. */
export const boundMs = (objects: number): number => 120_000 + objects * 1_000;

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
export async function runController(run: ControllerRun): Promise<Measurement[]> {
  const { subject, flags, corpus, progress } = run;
  const { only, objects, samples, profile } = run.options;
  const found: Measurement[] = [];
  const cluster = await startBenchCluster();
  let watch: ClusterWatch | null = null;
  let running: Running | null = null;
  try {
    await subject.install(cluster);
    progress("loading the cluster");
    await load(cluster, corpus);
    watch = await watchCluster(cluster);
    const scene: Scene = {
      cluster,
      corpus,
      watch,
      keys: corpus.sealedSecrets.map(keyOf),
      boundMs: boundMs(objects),
      start: async (name) => {
        await running?.stop();
        running = await subject.start(cluster, { flags, profile, name });
        return running;
      },
      add: (figure, value) => {
        found.push({ figure, subject: subject.name, value });
      },
    };
    progress("cold start");
    running = await coldScene(scene);
    if (!only.has("cold")) found.length = 0;
    if (only.has("restart")) {
      progress("restart with nothing changed");
      running = await restartScene(scene);
    }
    if (only.has("fresh")) {
      progress("a fresh SealedSecret after a restart");
      running = await freshScene(scene);
    }
    if (only.has("idle")) {
      progress("single SealedSecrets when idle");
      await idleScene(scene, running, samples);
    }
    return found;
  } finally {
    watch?.close();
    await running?.stop();
    await cluster.stop();
  }
}
