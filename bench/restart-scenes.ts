import { create, keyOf } from "./corpus.ts";
import { untilQuiet } from "./process-usage.ts";
import type { Scene } from "./scene.ts";
import type { Running } from "./subject.ts";

const keyOperations = "signet_private_key_operations_total";

/** Restarts the controller over what it has made, and waits until it rests. */
export async function restartScene({ start, add, boundMs }: Scene): Promise<Running> {
  const running = await start("restart");
  await running.untilServing();
  const { at, cpu } = await untilQuiet(running.process.pid, boundMs);
  add("restartQuiet", (at - running.startedAt) / 1000);
  add("restartCpu", cpu);
  add("restartOperations", await running.metric(keyOperations));
  return running;
}

/** Restarts the controller, and creates a SealedSecret the moment it asks for those that are there. */
export async function freshScene({ cluster, corpus, watch, boundMs, start, add }: Scene): Promise<Running> {
  const fresh = await corpus.oneMore("fresh");
  const listed = await cluster.nextList();
  const running = await start("fresh");
  await listed();
  const created = performance.now();
  await create(cluster, fresh);
  add("fresh", (await watch.untilSecrets([keyOf(fresh)], boundMs)) - created);
  await untilQuiet(running.process.pid, boundMs);
  return running;
}
