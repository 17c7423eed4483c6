import { Gauge, type Registry } from "prom-client";
import type { SealedSecret } from "../../shared/sealed-secret.ts";

type Status = SealedSecret["status"];
type Conditions = NonNullable<NonNullable<Status>["conditions"]>;

/** Which object, by what metrics may tell of it. */
export type ObservedObject = { namespace: string; name: string; labels: Record<string, string> };

/** Told when the first object of a namespace is observed, and when its last one is gone. */
export type NamespaceEnds = {
  beginNamespace: (namespace: string) => void;
  endNamespace: (namespace: string) => void;
};

type ConditionSeries = {
  namespace: string;
  name: string;
  condition: string;
  ss_app_kubernetes_io_instance: string;
};
type StateSeries = { namespace?: string; status: "ready" | "failed" | "retrying"; reason: string };
type Observed = { namespace: string; conditions: readonly ConditionSeries[]; state: StateSeries | null };

/** A status may be written by others too, and a reason is a word. */
const REASON = /^[A-Za-z]{1,40}$/;

/** Gauges of the SealedSecrets at hand: the conditions of each, and how many are how. Only the leader has them. */
export function objectMetrics(
  registry: Registry,
  { omitNames }: { omitNames: boolean },
  { beginNamespace, endNamespace }: NamespaceEnds,
) {
  const registers = [registry];
  const condition = new Gauge({
    name: "sealed_secrets_controller_condition_info",
    help: "Condition of each SealedSecret: 1 True, -1 False, 0 Unknown",
    labelNames: ["namespace", "name", "condition", "ss_app_kubernetes_io_instance"],
    registers: omitNames ? [] : registers,
  });
  const objects = new Gauge({
    name: "signet_sealedsecrets",
    help: "SealedSecrets that are in sync, that failed until somebody changes something, and that are retried",
    labelNames: omitNames ? ["status", "reason"] : ["namespace", "status", "reason"],
    registers,
  });
  /** By `namespace/name`. */
  const observed = new Map<string, Observed>();
  const sizes = new Map<string, number>();
  const counts = new Map<string, number>();

  function count(state: StateSeries | null, by: 1 | -1): void {
    if (state === null) return;
    const key = `${state.namespace ?? ""} ${state.status} ${state.reason}`;
    const number = (counts.get(key) ?? 0) + by;
    if (number > 0) {
      counts.set(key, number);
      objects.set(state, number);
    } else {
      counts.delete(key);
      objects.remove(state);
    }
  }

  function drop(key: string): Observed | undefined {
    const before = observed.get(key);
    if (before === undefined) return undefined;
    for (const series of before.conditions) condition.remove(series);
    count(before.state, -1);
    observed.delete(key);
    return before;
  }

  function forget(key: string): void {
    const before = drop(key);
    if (before === undefined) return;
    const left = (sizes.get(before.namespace) ?? 1) - 1;
    if (left > 0) sizes.set(before.namespace, left);
    else {
      sizes.delete(before.namespace);
      endNamespace(before.namespace);
    }
  }

  return {
    /** Follows the conditions in a status; call `forget` when the object is gone. */
    observeConditions({ namespace, name, labels }: ObservedObject, status: Status) {
      const key = `${namespace}/${name}`;
      if (drop(key) === undefined) {
        const size = sizes.get(namespace) ?? 0;
        sizes.set(namespace, size + 1);
        if (size === 0) beginNamespace(namespace);
      }
      const instance = labels["app.kubernetes.io/instance"] ?? "";
      const all: ConditionSeries[] = [];
      for (const { type, status: value } of omitNames ? [] : (status?.conditions ?? [])) {
        const series = { namespace, name, condition: type, ss_app_kubernetes_io_instance: instance };
        condition.set(series, value === "True" ? 1 : value === "False" ? -1 : 0);
        all.push(series);
      }
      const told = stateOf(status?.conditions ?? []);
      const state = told === null || omitNames ? told : { namespace, ...told };
      count(state, 1);
      observed.set(key, { namespace, conditions: all, state });
    },
    /** @param key `namespace/name`. */
    forget,
    /** Drops the gauges of all objects: another replica leads now, and tells of them. Counters stay. */
    forgetAll() {
      observed.clear();
      sizes.clear();
      counts.clear();
      condition.reset();
      objects.reset();
    },
  };
}

/** How an object is by its conditions; null when they do not say. */
function stateOf(conditions: Conditions): StateSeries | null {
  const told = (type: string, value: string) =>
    conditions.find((entry) => entry.type === type && entry.status === value);
  const series = (status: StateSeries["status"], { reason = "" }: { reason?: string | undefined }) => ({
    status,
    reason: REASON.test(reason) ? reason : "Other",
  });
  const retrying = told("Reconciling", "True");
  if (retrying !== undefined) return series("retrying", retrying);
  const failed = told("Stalled", "True") ?? told("Synced", "False");
  if (failed !== undefined) return series("failed", failed);
  const ready = told("Synced", "True");
  return ready === undefined ? null : series("ready", ready);
}
