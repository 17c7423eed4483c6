import { Counter, Gauge, type Registry } from "prom-client";
import type { KeyServiceFault } from "../../shared/seal/key-service-error.ts";
import type { KvAbsence } from "../../shared/vault/kv-answer.ts";

/** What Vault is asked for references: for versions, for values, for a token, or to prolong one. */
export type VaultKvOperation = "poll" | "read" | "login" | "renew";

/** What came of it. `failed`: of a login, for whatever cause; `aborted`: we did not wait for it. */
export type VaultKvOutcome = "ok" | KvAbsence["kind"] | KeyServiceFault | "failed" | "aborted";

/** Requests to Vault for references. Nothing here names a path, an object or a namespace. */
export function vaultKvMetrics(registry: Registry) {
  const requests = new Counter({
    name: "signet_vault_kv_requests_total",
    help: "Requests to Vault for the references of SealedSecrets, by what came of them",
    labelNames: ["operation", "outcome"],
    registers: [registry],
  });
  let isAway = () => false;
  new Gauge({
    name: "signet_vault_kv_unreachable",
    help: "Whether Vault serves no requests for the references of SealedSecrets",
    registers: [registry],
    collect() {
      this.set(isAway() ? 1 : 0);
    },
  });
  return {
    watchVaultKv(away: () => boolean) {
      isAway = away;
    },
    /** Gives the requests their series, so that the first one is seen as an increase. */
    beginVaultKv() {
      for (const operation of ["poll", "read"])
        for (const outcome of ["ok", "denied", "unavailable"]) requests.inc({ operation, outcome }, 0);
      for (const operation of ["login", "renew"])
        for (const outcome of ["ok", "failed"]) requests.inc({ operation, outcome }, 0);
    },
    countVaultKvRequest: (operation: VaultKvOperation, outcome: VaultKvOutcome) =>
      requests.inc({ operation, outcome }),
  };
}
