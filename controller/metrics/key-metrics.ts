import { Counter, Gauge, type Registry } from "prom-client";

/** The sealing keys and the work done with them. Nothing here names a key. */
export function keyMetrics(registry: Registry) {
  const registers = [registry];
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
  const keys = new Gauge({
    name: "signet_sealing_keys",
    help: "Sealing keys loaded, and key Secrets refused",
    labelNames: ["state"],
    registers,
  });
  const changes = new Counter({
    name: "signet_sealing_key_changes_total",
    help: "Changes of the key that seals, by cause: generated here, or found in the cluster",
    labelNames: ["cause"],
    registers,
  });
  const created = gauge(
    "signet_sealing_key_created_seconds",
    "When the certificate that seals now was made, in seconds since 1970",
  );
  const expires = gauge(
    "signet_sealing_key_expires_seconds",
    "When the certificate that seals now expires, in seconds since 1970; nothing stops opening then",
  );
  const unexpected = gauge(
    "signet_sealing_key_unexpected",
    "1 while values are sealed under a key that no replica of this controller made",
  );
  const operations = new Counter({
    name: "signet_private_key_operations_total",
    help: "Private-key operations: to open values, and to find out why one does not open",
    labelNames: ["purpose"],
    registers,
  });
  // Without a key there is no time to tell: 0 would be 1970.
  created.remove();
  expires.remove();
  for (const cause of ["generated", "found"]) changes.inc({ cause }, 0);
  for (const purpose of ["open", "diagnose"]) operations.inc({ purpose }, 0);

  return {
    setKeys(loaded: number, refused: number) {
      keys.set({ state: "loaded" }, loaded);
      keys.set({ state: "refused" }, refused);
    },
    countKeyChange: (cause: "generated" | "found") => changes.inc({ cause }),
    /** Times of the key that seals now. */
    setKeyTimes(times: { created: Date; expires: Date }) {
      created.set(times.created.getTime() / 1000);
      expires.set(times.expires.getTime() / 1000);
    },
    setKeyUnexpected: (value: boolean) => unexpected.set(value ? 1 : 0),
    countKeyOperation: (purpose: "open" | "diagnose") => operations.inc({ purpose }),
  };
}
