import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { SealedSecret } from "../shared/sealed-secret.ts";

/** Reasons of the error counter, as alerts know them. */
export type ErrorReason = "fetch" | "unseal" | "unmanaged" | "update" | "status";

const PREFIX = "sealed_secrets_controller";

type ConditionSeries = {
  namespace: string;
  name: string;
  condition: string;
  ss_app_kubernetes_io_instance: string;
};

/** Every metric of the controller. Names and labels are those that existing dashboards and alerts query. */
export type Metrics = ReturnType<typeof createMetrics>;

/**
 * @param omitNames leave out everything that names an object or a namespace.
 */
export function createMetrics({ version, omitNames }: { version: string; omitNames: boolean }) {
  const registry = new Registry();
  const registers = [registry];
  const build = new Gauge({
    name: `${PREFIX}_build_info`,
    help: "Always 1; the version stands in the label",
    labelNames: ["revision"],
    registers,
  });
  build.set({ revision: version }, 1);
  const requests = new Counter({
    name: `${PREFIX}_unseal_requests_total`,
    help: "Attempts to bring a SealedSecret in sync",
    registers,
  });
  const errors = new Counter({
    name: `${PREFIX}_unseal_errors_total`,
    help: "Failed attempts, by reason and namespace",
    labelNames: omitNames ? ["reason"] : ["reason", "namespace"],
    registers,
  });
  const condition = new Gauge({
    name: `${PREFIX}_condition_info`,
    help: "Condition of each SealedSecret: 1 True, -1 False, 0 Unknown",
    labelNames: ["namespace", "name", "condition", "ss_app_kubernetes_io_instance"],
    registers: omitNames ? [] : registers,
  });
  const httpRequests = new Counter({
    name: `${PREFIX}_http_requests_total`,
    help: "HTTP requests, by path, status code and method",
    labelNames: ["path", "code", "method"],
    registers,
  });
  const httpDuration = new Histogram({
    name: `${PREFIX}_http_request_duration_seconds`,
    help: "Duration of HTTP requests in seconds",
    labelNames: ["path", "method"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const keys = new Gauge({
    name: "signet_sealing_keys",
    help: "Sealing keys loaded, and key Secrets refused",
    labelNames: ["state"],
    registers,
  });
  const keyChanges = new Counter({
    name: "signet_sealing_key_changes_total",
    help: "Changes of the key that seals, by cause: generated here, or found in the cluster",
    labelNames: ["cause"],
    registers,
  });
  const repairs = new Counter({
    name: "signet_secret_repairs_total",
    help: "Secrets put right after somebody else changed or deleted them, by cause",
    labelNames: ["cause"],
    registers,
  });
  /** The series of each object, by `namespace/name`. */
  const reported = new Map<string, ConditionSeries[]>();

  return {
    registry,
    countAttempt: () => requests.inc(),
    countError: (reason: ErrorReason, namespace: string) =>
      errors.inc(omitNames ? { reason } : { reason, namespace }),
    /** Follows the conditions in a status; call `forget` when the object is gone. */
    observeConditions(
      { namespace, name, labels }: { namespace: string; name: string; labels: Record<string, string> },
      status: SealedSecret["status"],
    ) {
      if (omitNames) return;
      const key = `${namespace}/${name}`;
      this.forget(key);
      const instance = labels["app.kubernetes.io/instance"] ?? "";
      const all: ConditionSeries[] = [];
      for (const { type, status: value } of status?.conditions ?? []) {
        const series = { namespace, name, condition: type, ss_app_kubernetes_io_instance: instance };
        condition.set(series, value === "True" ? 1 : value === "False" ? -1 : 0);
        all.push(series);
      }
      reported.set(key, all);
    },
    /** @param key `namespace/name`. */
    forget(key: string) {
      for (const series of reported.get(key) ?? []) condition.remove(series);
      reported.delete(key);
    },
    countHttp(path: string, method: string, code: number, seconds: number) {
      httpRequests.inc({ path, code: String(code), method: method.toLowerCase() });
      httpDuration.observe({ path, method: method.toLowerCase() }, seconds);
    },
    setKeys(loaded: number, refused: number) {
      keys.set({ state: "loaded" }, loaded);
      keys.set({ state: "refused" }, refused);
    },
    countRepair: (cause: "changed" | "deleted") => repairs.inc({ cause }),
    countKeyChange: (cause: "generated" | "found") => keyChanges.inc({ cause }),
  };
}
