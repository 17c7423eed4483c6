import { CallSlots } from "../../shared/call-slots.ts";
import { wordsOf } from "../../shared/errors.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import type { VaultClient } from "../../shared/vault/vault-client.ts";
import type { KeyServiceSettings } from "../key-service-settings.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Clock } from "../runtime/clock.ts";
import { type ApiIdentity, AudienceGuard } from "./audience-guard.ts";
import { boundedReads, READS_AT_ONCE } from "./bounded-reads.ts";
import { type KvUse, kvUse } from "./kv-settings.ts";
import { OutageGate } from "./outage-gate.ts";
import { type Tenant, Tenants } from "./tenants.ts";
import { VaultKv } from "./vault-kv.ts";

/** What Vault references take from the leader. */
export type OpenVaultKvParts = {
  options: KeyServiceSettings;
  /** Connects to Vault; asked when there is something to read. */
  vault: () => Promise<VaultClient>;
  /** Requests tokens of ServiceAccounts. */
  client: KubeClient;
  identity: Pick<ApiIdentity, "withToken">;
  clock: Clock;
  metrics: Pick<Metrics, "beginVaultKv" | "countVaultKvRequest" | "watchVaultKv">;
  log: Log;
  /** Waits for what a look at an object needs, so that others have its place meanwhile. */
  whileWaiting: <T>(wait: () => Promise<T>) => Promise<T>;
  /** An object is to be looked at. */
  onChange: (key: string) => void;
};

/** Vault references while this replica leads. */
export type OpenedVaultKv = {
  references: VaultKv;
  /** Asks for new versions until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
  /** Gives up the tokens of all namespaces. */
  close(): Promise<void>;
};

const HEALTH_MS = 3000;
const SWEEP_MS = 60_000;

/** Puts Vault references together, as the options have them. */
export function openVaultKv(parts: OpenVaultKvParts): OpenedVaultKv {
  const { clock, log, metrics, onChange, options, whileWaiting } = parts;
  const use = kvUse(options);
  if (!use.on && use.isMeant) log.warn(`Vault references are off: ${use.why}`);
  const tenants = use.on ? tenantsOf(use, parts) : null;
  if (use.on) metrics.beginVaultKv();
  const outage = new OutageGate({
    nowMs: () => clock.monotonic(),
    random: Math.random,
    isOutage: async ({ fault }) => fault === "unavailable" && !(await isUp(parts.vault)),
    onChange(outage) {
      if (outage === null) log.info("Vault serves references again");
      else log.warn({ error: wordsOf(outage) }, "Vault serves no references, will ask again");
    },
  });
  metrics.watchVaultKv(() => outage.isAway);
  const reads = new CallSlots(...READS_AT_ONCE);
  const references = new VaultKv({
    use,
    as: async (namespace, act) => {
      if (tenants === null) throw new Error("Vault references are off");
      return outage.pass(() => tenants.use(namespace, (kv) => act(boundedReads(kv, namespace, reads))));
    },
    whileWaiting,
    unneeded: (namespace) => tenants?.release(namespace),
    clock,
    onChange,
  });
  return {
    references,
    async run(signal) {
      await Promise.all([references.run(signal), sweep(tenants, clock, signal)]);
    },
    close: async () => {
      metrics.watchVaultKv(() => false);
      await tenants?.close();
    },
  };
}

function tenantsOf({ settings }: Extract<KvUse, { on: true }>, parts: OpenVaultKvParts): Tenants {
  const { client, clock, identity, metrics, vault } = parts;
  const nowMs = () => clock.monotonic();
  const guard = new AudienceGuard(identity, nowMs);
  return new Tenants({
    nowMs,
    open(namespace) {
      return lazily(async () => {
        // Loaded with the first reference: most clusters have none.
        const [{ openTenant }, connection] = await Promise.all([import("./tenant-session.ts"), vault()]);
        return openTenant({ namespace, settings, connection, client, guard, clock, metrics });
      });
    },
  });
}

/** Whether Vault serves requests: a failure is a tenant's own then. https://developer.hashicorp.com/vault/api-docs/system/health */
async function isUp(vault: () => Promise<VaultClient>): Promise<boolean> {
  try {
    const query = { standbyok: "true", perfstandbyok: "true" };
    const path = ["sys", "health"];
    const { status } = await (await vault()).request({ method: "GET", path, query, timeoutMs: HEALTH_MS });
    return status === 200;
  } catch {
    return false;
  }
}

async function sweep(tenants: Tenants | null, clock: Clock, signal: AbortSignal): Promise<void> {
  while (tenants !== null && !signal.aborted) {
    await clock.sleep(SWEEP_MS, signal).catch(() => undefined);
    tenants.sweep();
  }
}

/** A tenant that is opened when it is first asked; what did not come about is tried anew by whoever asks next. */
function lazily(open: () => Promise<Tenant>): Tenant {
  let opened: Promise<Tenant> | null = null;
  const tenant = (): Promise<Tenant> => {
    opened ??= open().catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  };
  return {
    readSecret: async (at, options) => (await tenant()).readSecret(at, options),
    readMetadata: async (at, options) => (await tenant()).readMetadata(at, options),
    close: async () => (await opened)?.close(),
  };
}
