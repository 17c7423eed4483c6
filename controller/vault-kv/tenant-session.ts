import { KubeApiError, KubeUnreachableError } from "../../shared/kube/api-error.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { KeyServiceError } from "../../shared/seal/key-service-error.ts";
import { connectKv } from "../../shared/vault/kv.ts";
import type { KvMetadata, KvRead } from "../../shared/vault/kv-answer.ts";
import type { LoginEvent } from "../../shared/vault/session.ts";
import type { VaultClient } from "../../shared/vault/vault-client.ts";
import { openVaultSession } from "../../shared/vault/vault-session.ts";
import type { VaultKvOperation, VaultKvOutcome } from "../metrics/vault-kv-metrics.ts";
import type { Metrics } from "../metrics.ts";
import type { Clock } from "../runtime/clock.ts";
import type { AudienceGuard } from "./audience-guard.ts";
import { type KvSettings, roleOf } from "./kv-settings.ts";
import { OutageGate } from "./outage-gate.ts";
import { VaultReferenceError } from "./reference-error.ts";
import { requestTenantToken, TENANT_ACCOUNT } from "./tenant-token.ts";
import type { Tenant } from "./tenants.ts";

/** What a tenant's session is made of. */
export type TenantParts = {
  namespace: string;
  settings: KvSettings;
  connection: VaultClient;
  /** Requests tokens of ServiceAccounts. */
  client: KubeClient;
  guard: AudienceGuard;
  clock: Clock;
  metrics: Pick<Metrics, "countVaultKvRequest">;
};

const LOGINS: Readonly<Record<LoginEvent, [VaultKvOperation, VaultKvOutcome]>> = {
  "logged-in": ["login", "ok"],
  "login-failed": ["login", "failed"],
  renewed: ["renew", "ok"],
  "renewal-failed": ["renew", "failed"],
};

/** An account that is deleted, or a role taken away, has an end after so long, however long Vault renews tokens. */
const LOGIN_COUNTS_MS = 10 * 60_000;

/** Opens a namespace's way to Vault: as its ServiceAccount `signet-vault`, by a token that the API server gives for that. */
export function openTenant(parts: TenantParts): Tenant {
  const { namespace, settings, connection, client, guard, clock, metrics } = parts;
  const { audience, authMount } = settings;
  /** Why there is no login: what the account lacks, or that Vault does not let it in. Null while there is one. */
  let lacking: VaultReferenceError | "refused" | null = null;
  const jwt = async (signal: AbortSignal): Promise<string> => {
    try {
      const token = await requestTenantToken(client, { namespace, audience }, signal);
      await guard.check(token, signal);
      lacking = "refused";
      return token;
    } catch (error) {
      lacking = error instanceof VaultReferenceError ? error : null;
      throw passing(error);
    }
  };
  const login = { kind: "kubernetes", mount: authMount, role: roleOf(settings, namespace), jwt } as const;
  const session = openVaultSession(connection, login, {
    clock,
    mostAgeMs: LOGIN_COUNTS_MS,
    onLogin(event) {
      if (event === "logged-in") lacking = null;
      metrics.countVaultKvRequest(...LOGINS[event]);
    },
  });
  const kv = connectKv(session);
  // What fails for this namespace alone, as a quota of its own does; Vault's outage is a matter of all.
  const gate = new OutageGate({
    nowMs: () => clock.monotonic(),
    random: Math.random,
    isOutage: ({ fault }) => fault === "unavailable" || fault === "throttled",
  });

  async function counted<Answer extends KvRead | KvMetadata>(
    operation: VaultKvOperation,
    ask: () => Promise<Answer>,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    try {
      const answer = await ask();
      metrics.countVaultKvRequest(operation, answer.kind === "found" ? "ok" : answer.kind);
      return answer;
    } catch (error) {
      const fault = error instanceof KeyServiceError ? error.fault : "unavailable";
      metrics.countVaultKvRequest(operation, signal?.aborted === true ? "aborted" : fault);
      throw fault === "credentials" && lacking !== null ? noLogin(lacking, error) : error;
    }
  }

  function noLogin(why: VaultReferenceError | "refused", error: unknown): VaultReferenceError {
    if (why !== "refused") return why;
    const { message, hint } = error instanceof KeyServiceError ? error : { message: "", hint: "" };
    const account = `${namespace}/${TENANT_ACCOUNT}`;
    return new VaultReferenceError("VaultLoginRefused", `ServiceAccount ${account}: ${message}`, hint);
  }

  return {
    readSecret: (at, options) =>
      gate.pass(() => counted("read", () => kv.readSecret(at, options), options.signal)),
    readMetadata: (at, options) =>
      gate.pass(() => counted("poll", () => kv.readMetadata(at, options), options.signal)),
    close: () => session.close(),
  };
}

/** The API server's silence passes as Vault's does. */
function passing(error: unknown): unknown {
  const isApi = error instanceof KubeApiError || error instanceof KubeUnreachableError;
  if (!isApi || !error.retryable) return error;
  return new KeyServiceError(
    "unavailable",
    `no token of the ServiceAccount ${TENANT_ACCOUNT} can be had now: ${error.message}`,
    error.hint,
    { cause: error },
  );
}
