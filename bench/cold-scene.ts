import { untilEvents } from "./event-count.ts";
import { cpuSeconds, residentMemory, untilQuiet } from "./process-usage.ts";
import type { Scene } from "./scene.ts";
import type { Running } from "./subject.ts";

/** Events may take so long after the work; what is missing then counts as not written. */
const eventsBoundMs = 90_000;

/** Starts the controller on a cluster it has never seen, and waits until everything is done. */
export async function coldScene(scene: Scene): Promise<Running> {
  const { cluster, corpus, watch, keys, boundMs, add } = scene;
  const others = [cluster.processes.apiServer.pid, cluster.processes.etcd.pid];
  const usedByOthers = (): number => others.reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  const before = usedByOthers();
  const running = await scene.start("cold");
  const { pid } = running.process;
  const lastSecret = await watch.untilSecrets(keys, boundMs);
  const lastStatus = await watch.untilSynced(keys, boundMs);
  const end = Math.max(lastSecret, lastStatus);
  const events = await untilEvents(cluster, corpus, { count: keys.length, boundMs: eventsBoundMs });
  const perObject = 1000 / keys.length;
  const clusterCpu = (usedByOthers() - before) * perObject;
  const { cpu } = await untilQuiet(pid, boundMs);
  const seconds = (from: number, to: number): number => Math.max(0, to - from) / 1000;

  add("cold", seconds(running.startedAt, end));
  add("coldRate", keys.length / seconds(running.startedAt, end));
  add("coldCpu", cpu * perObject);
  add("clusterCpu", clusterCpu);
  add("events", seconds(running.startedAt, Math.max(end, events.at)));
  add("eventsBehind", seconds(end, events.at));
  add("eventsMissing", events.missing);
  const { nowMiB, peakMiB } = residentMemory(pid);
  add("memory", nowMiB);
  add("memoryPeak", peakMiB);
  return running;
}
