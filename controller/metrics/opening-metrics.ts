import { Counter, Gauge, type Registry } from "prom-client";

/** Whether what is in sync would still open. Nothing here names an object. */
export function openingMetrics(registry: Registry) {
  const registers = [registry];
  const notOpening = new Gauge({
    name: "signet_sealedsecrets_not_opening",
    help: "SealedSecrets in sync whose values no sealing key opens any more, as far as they were checked",
    registers,
  });
  const checks = new Counter({
    name: "signet_opening_checks_total",
    help: "Objects in sync of which it was checked whether they still open, by what came of it",
    labelNames: ["outcome"],
    registers,
  });
  for (const outcome of ["opens", "fails", "skipped"]) checks.inc({ outcome }, 0);
  return {
    setNotOpening: (number: number) => notOpening.set(number),
    countOpeningCheck: (outcome: "opens" | "fails" | "skipped") => checks.inc({ outcome }),
  };
}
