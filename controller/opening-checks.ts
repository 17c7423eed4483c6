import type { KubeClient } from "../shared/kube/client.ts";
import type { OpeningContext } from "../shared/open-sealed-secret.ts";
import type { EventRecorder } from "./events.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { OpeningRounds } from "./opening-rounds.ts";
import type { Options } from "./options.ts";
import { OpeningCheck } from "./reconcile/opening-check.ts";
import { saysSynced } from "./reconcile/watched-object.ts";
import type { Clock } from "./runtime/clock.ts";
import type { SealedSecretCache } from "./sealed-secret-cache.ts";

/** What the checks take from the leader. */
export type OpeningChecksParts = {
  options: Pick<Options, "opening-check-period" | "update-status">;
  client: KubeClient;
  sealedSecrets: Pick<SealedSecretCache, "entries" | "get" | "hasSynced">;
  opening: () => OpeningContext;
  /** Whether there is more important work. */
  busy: () => boolean;
  events: EventRecorder;
  metrics: Metrics;
  log: Log;
  clock: Clock;
  now: () => Date;
};

/** Items of one object that are tried where none opens. */
const ITEMS_CHECKED = 10;

/** The leader's slow checks whether what is in sync would still open. */
export function openingChecks(parts: OpeningChecksParts): { run(signal: AbortSignal): Promise<void> } {
  const { busy, clock, metrics, opening, options, sealedSecrets, ...rest } = parts;
  const check = new OpeningCheck({
    ...rest,
    metrics,
    entries: () => sealedSecrets.entries(),
    find: (key) => sealedSecrets.get(key),
    opening() {
      // Key services are not asked: each call costs, and leaves a trail.
      const { clusterId, keys, acceptWholeObject, missing = null } = opening();
      const onOperation = () => metrics.countKeyOperation("check");
      return {
        ...{ clusterId, keys, acceptWholeObject, missing, onOperation },
        diagnose: false,
        giveUpAfter: ITEMS_CHECKED,
      };
    },
    updateStatus: options["update-status"],
  });
  const inSync = () => [...sealedSecrets.entries()].flatMap(([key, one]) => (saysSynced(one) ? [key] : []));
  const rounds = new OpeningRounds({
    clock,
    keys: () => (sealedSecrets.hasSynced ? inSync() : []),
    failing: () => check.failing,
    sealingKeys: () => opening().keys.map(({ fingerprint }) => fingerprint),
    busy,
    check: (key, signal) => check.check(key, signal),
    periodMs: options["opening-check-period"],
  });
  return {
    async run(signal) {
      if (options["opening-check-period"] === 0) return;
      check.adopt();
      await rounds.run(signal);
      metrics.setNotOpening(0);
    },
  };
}
