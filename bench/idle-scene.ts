import { setTimeout as sleep } from "node:timers/promises";
import { create, keyOf } from "./corpus.ts";
import { quantile } from "./measurement.ts";
import { cpuSeconds, untilQuiet } from "./process-usage.ts";
import type { Scene } from "./scene.ts";
import type { Running } from "./subject.ts";

const pauseMs = 100;
const boundMs = 60_000;

/** Creates SealedSecrets one by one while nothing else goes on. Each time is from the request that creates it. */
export async function idleScene(
  { cluster, corpus, watch, add }: Scene,
  running: Running,
  samples: number,
): Promise<void> {
  const latencies: number[] = [];
  const before = cpuSeconds(running.process.pid);
  for (let i = 0; i < samples; i += 1) {
    const object = await corpus.oneMore(`idle-${i}`);
    await sleep(pauseMs);
    const created = performance.now();
    await create(cluster, object);
    latencies.push((await watch.untilSecrets([keyOf(object)], boundMs)) - created);
  }
  add("idle50", quantile(latencies, 0.5));
  add("idle95", quantile(latencies, 0.95));
  add("idle99", quantile(latencies, 0.99));
  const { cpu } = await untilQuiet(running.process.pid, boundMs);
  add("idleCpu", ((cpu - before) / samples) * 1000);
}
