import { Counter, type Registry } from "prom-client";

/** What became of an event: written or counted up, refused or given up, or over the object's budget. */
export type EventResult = "written" | "failed" | "dropped";

/** The events that were to be written. */
export function eventMetrics(registry: Registry) {
  const events = new Counter({
    name: "signet_events_total",
    help: "Kubernetes events, by what became of them",
    labelNames: ["result"],
    registers: [registry],
  });
  for (const result of ["written", "failed", "dropped"]) events.inc({ result }, 0);
  return { countEvent: (result: EventResult) => events.inc({ result }) };
}
