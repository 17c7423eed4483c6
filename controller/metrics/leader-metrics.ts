import { Counter, Gauge, type Registry } from "prom-client";
import type { WorkqueueStats } from "../runtime/workqueue.ts";

/** Where the figures of the queue come from: null while there is none, since another replica leads. */
export type QueueSource = () => Pick<
  WorkqueueStats,
  "ready" | "working" | "delayed" | "failing" | "adds"
> | null;

/** Who leads, the leader's queue, and whether its records are kept. */
export function leaderMetrics(registry: Registry) {
  const registers = [registry];
  let source: QueueSource = () => null;
  /** Of the queue watched now, already counted. */
  let counted = 0;
  const leader = new Gauge({
    name: "signet_leader",
    help: "1 while this replica reconciles and renews, 0 while another one does",
    registers,
  });
  new Gauge({
    name: "signet_workqueue",
    help: "SealedSecrets in the queue: ready to be worked on, under work, waiting for their time, failed when last tried",
    labelNames: ["state"],
    registers,
    collect() {
      const { ready, working, delayed, failing } = source() ?? {
        ready: 0,
        working: 0,
        delayed: 0,
        failing: 0,
      };
      for (const [state, value] of Object.entries({ ready, working, delayed, failing })) {
        this.set({ state }, value);
      }
    },
  });
  const adds = new Counter({
    name: "signet_workqueue_adds_total",
    help: "SealedSecrets put into the queue",
    registers,
    collect: () => countAdds(),
  });
  const dropped = new Gauge({
    name: "signet_sync_record_dropped",
    help: "1 while the cluster's definition of SealedSecrets drops status.signet: each restart opens every value anew",
    registers,
  });

  function countAdds(): void {
    const soFar = source()?.adds ?? 0;
    // Less than before is another queue.
    adds.inc(soFar >= counted ? soFar - counted : soFar);
    counted = soFar;
  }

  return {
    setLeading: (leading: boolean) => leader.set(leading ? 1 : 0),
    /** Takes the figures of the queue from here on from this source. Each queue counts its adds from 0. */
    watchQueue(stats: QueueSource) {
      countAdds();
      source = stats;
      counted = 0;
    },
    setRecordDropped: (isDropped: boolean) => dropped.set(isDropped ? 1 : 0),
  };
}
