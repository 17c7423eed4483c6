import { Gauge, type Registry } from "prom-client";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { ConditionGauge, type ObjectConditions } from "./condition-gauge.ts";

type Status = SealedSecret["status"];
type Conditions = NonNullable<NonNullable<Status>["conditions"]>;

/** Which object, by what metrics may tell of it. */
export type ObservedObject = { namespace: string; name: string; labels: Record<string, string> };

/** Told when the first object of a namespace is observed, and when its last one is gone. */
export type NamespaceEnds = {
  beginNamespace: (namespace: string) => void;
  endNamespace: (namespace: string) => void;
};

type StateSeries = { namespace?: string; status: "ready" | "failed" | "retrying"; reason: string };
/** Objects that are the same way share one. */
type Tally = { key: string; series: StateSeries; objects: number };
type Observed = ObjectConditions & { tally: Tally | null };

/** A status may be written by others too, and a reason is a word. */
const REASON = /^[A-Za-z]{1,40}$/;
/** So is a type, or the name of one with a prefix. */
const TYPE = /^[\w./-]{1,100}$/;
/** Series of one object. */
const MOST_CONDITIONS = 16;

/** Gauges of the SealedSecrets at hand: the conditions of each, and how many are how. Only the leader has them. */
export function objectMetrics(
  registry: Registry,
  { omitNames }: { omitNames: boolean },
  { beginNamespace, endNamespace }: NamespaceEnds,
) {
  const registers = [registry];
  const objects = new Gauge({
    name: "signet_sealedsecrets",
    help: "SealedSecrets that are in sync, that failed until somebody changes something, and that are retried",
    labelNames: omitNames ? ["status", "reason"] : ["namespace", "status", "reason"],
    registers,
  });
  /** By `namespace/name`. */
  const observed = new Map<string, Observed>();
  if (!omitNames) new ConditionGauge(registers, () => observed.values());
  const sizes = new Map<string, number>();
  const tallies = new Map<string, Tally>();

  function enter(series: StateSeries): Tally {
    const key = `${series.namespace ?? ""} ${series.status} ${series.reason}`;
    const tally = tallies.get(key) ?? { key, series, objects: 0 };
    tallies.set(key, tally);
    tally.objects += 1;
    objects.set(series, tally.objects);
    return tally;
  }

  function leave(tally: Tally): void {
    tally.objects -= 1;
    if (tally.objects > 0) objects.set(tally.series, tally.objects);
    else {
      tallies.delete(tally.key);
      objects.remove(tally.series);
    }
  }

  function drop(key: string): Observed | undefined {
    const before = observed.get(key);
    if (before === undefined) return undefined;
    if (before.tally !== null) leave(before.tally);
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
      const told = stateOf(status?.conditions ?? []);
      const tally = told === null ? null : enter(omitNames ? told : { namespace, ...told });
      const instance = labels["app.kubernetes.io/instance"] ?? "";
      observed.set(key, { namespace, name, instance, conditions: omitNames ? [] : valuesOf(status), tally });
    },
    /** @param key `namespace/name`. */
    forget,
    /** Drops the gauges of all objects: another replica leads now, and tells of them. Counters stay. */
    forgetAll() {
      observed.clear();
      sizes.clear();
      tallies.clear();
      objects.reset();
    },
  };
}

/** Of each type the last one, as a gauge that is set; what is no name of a type is left out. */
function valuesOf(status: Status): ObjectConditions["conditions"] {
  const values = new Map<string, 1 | 0 | -1>();
  for (const { type, status: value } of status?.conditions ?? []) {
    if (values.size >= MOST_CONDITIONS) break;
    if (TYPE.test(type)) values.set(type, value === "True" ? 1 : value === "False" ? -1 : 0);
  }
  return [...values];
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
