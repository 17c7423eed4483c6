import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { RemoteBackend } from "../../shared/seal/codec.ts";
import type { KeyServiceFault } from "../../shared/seal/key-service-error.ts";

/** Calls on key services, each by the name of its service's own operation. */
export const KEY_SERVICE_OPERATIONS = {
  kms: ["generate-data-key", "decrypt", "re-encrypt"],
  vault: ["describe-key", "encrypt", "decrypt", "rewrap"],
} as const satisfies Record<RemoteBackend, readonly string[]>;

/** A call on a key service. */
export type KeyServiceOperation = (typeof KEY_SERVICE_OPERATIONS)[RemoteBackend][number];

/**
 * What came of a call: `ok`; `not-authentic` where a value, its place and its key do not belong together, be it one of many;
 * `too-old` where the key takes values of that age no longer; else why there was no answer of use. `aborted`: we did not wait
 * for it.
 */
export type KeyServiceOutcome = "ok" | "not-authentic" | "too-old" | KeyServiceFault | "aborted";

/** A service's keys that are not asked for a while since it does not answer for them. */
export type ClosedGates = () => Readonly<Record<RemoteBackend, number>>;

/** Calls on AWS KMS and Vault. Nothing here names a key; a service that was never asked has no series of calls. */
export function keyServiceMetrics(registry: Registry) {
  const registers = [registry];
  let closedGates: ClosedGates = () => ({ kms: 0, vault: 0 });
  const requests = new Counter({
    name: "signet_key_service_requests_total",
    help: "Calls on key services, by what came of them",
    labelNames: ["service", "operation", "outcome"],
    registers,
  });
  const seconds = new Histogram({
    name: "signet_key_service_request_seconds",
    help: "How long calls on key services took",
    labelNames: ["service", "operation"],
    buckets: [0.005, 0.02, 0.1, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  new Gauge({
    name: "signet_key_service_closed_gates",
    help: "Keys of key services that are not asked for a while, since the service does not answer for them",
    labelNames: ["service"],
    registers,
    collect() {
      for (const [service, count] of Object.entries(closedGates())) this.set({ service }, count);
    },
  });
  const waits = new Counter({
    name: "signet_key_service_budget_waits_total",
    help: "Looks at SealedSecrets that were put off since their namespace had made all the calls it may",
    labelNames: ["service"],
    registers,
  });
  for (const service of ["kms", "vault"] as const) waits.inc({ service }, 0);
  return {
    /** Gives a service its series, so that the first call is seen as an increase. */
    beginKeyService(service: RemoteBackend) {
      for (const operation of KEY_SERVICE_OPERATIONS[service])
        for (const outcome of ["ok", "not-authentic", "unavailable", "throttled", "credentials", "denied"])
          requests.inc({ service, operation, outcome }, 0);
    },
    countKeyServiceRequest(
      service: RemoteBackend,
      operation: KeyServiceOperation,
      { outcome, ms }: { outcome: KeyServiceOutcome; ms: number },
    ) {
      requests.inc({ service, operation, outcome });
      seconds.observe({ service, operation }, ms / 1000);
    },
    countKeyServiceWait(service: RemoteBackend) {
      waits.inc({ service });
    },
    watchKeyServiceGates(gates: ClosedGates) {
      closedGates = gates;
    },
  };
}
