import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { ageIdentityMetrics } from "./metrics/age-identity-metrics.ts";
import { eventMetrics } from "./metrics/event-metrics.ts";
import { httpMetrics } from "./metrics/http-metrics.ts";
import { keyMetrics } from "./metrics/key-metrics.ts";
import { keyServiceMetrics } from "./metrics/key-service-metrics.ts";
import { leaderMetrics } from "./metrics/leader-metrics.ts";
import { objectMetrics } from "./metrics/object-metrics.ts";
import { openingMetrics } from "./metrics/opening-metrics.ts";
import { reconcileMetrics } from "./metrics/reconcile-metrics.ts";
import { vaultKvMetrics } from "./metrics/vault-kv-metrics.ts";

export type { ErrorReason } from "./metrics/reconcile-metrics.ts";

/** Ticks of the clock that measures how late the event loop is; each costs a little while idle. */
const LOOP_PRECISION_MS = 50;

/** Every metric of the controller. Names and labels are those that existing dashboards and alerts query. */
export type Metrics = ReturnType<typeof createMetrics>;

/**
 * @param omitNames leave out everything that names an object or a namespace.
 */
export function createMetrics({ version, omitNames }: { version: string; omitNames: boolean }) {
  const registry = new Registry();
  const build = new Gauge({
    name: "sealed_secrets_controller_build_info",
    help: "Always 1; the version stands in the label",
    labelNames: ["revision"],
    registers: [registry],
  });
  build.set({ revision: version }, 1);
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_PRECISION_MS });
  const reconciling = reconcileMetrics(registry, { omitNames });
  return {
    registry,
    ...reconciling,
    ...objectMetrics(registry, { omitNames }, reconciling),
    ...keyMetrics(registry),
    ...openingMetrics(registry),
    ...ageIdentityMetrics(registry),
    ...keyServiceMetrics(registry),
    ...vaultKvMetrics(registry),
    ...leaderMetrics(registry),
    ...httpMetrics(registry),
    ...eventMetrics(registry),
  };
}
