import { Gauge, type Registry } from "prom-client";

/** The age identities that open SOPS documents. Nothing here names one, nor its Secret. */
export function ageIdentityMetrics(registry: Registry) {
  const identities = new Gauge({
    name: "signet_age_identities",
    help: "Age identities loaded, and Secrets labelled as holding some that are refused",
    labelNames: ["state"],
    registers: [registry],
  });
  for (const state of ["loaded", "refused"]) identities.set({ state }, 0);
  return {
    setAgeIdentities(numbers: Record<"loaded" | "refused", number>) {
      for (const [state, number] of Object.entries(numbers)) identities.set({ state }, number);
    },
  };
}
