import { readFile } from "node:fs/promises";
import { environmentProxy } from "../../shared/kube/environment-proxy.ts";
import { isPlainAddress } from "../../shared/kube/plain-address.ts";
import { KeyServiceError } from "../../shared/seal/key-service-error.ts";
import type { KmsApi } from "../../shared/seal/kms-api.ts";
import type { TransitApi } from "../../shared/seal/transit-api.ts";
import type { TokenSource } from "../../shared/vault/token-source.ts";
import type { VaultClient } from "../../shared/vault/vault-client.ts";
import type { KeyServiceSettings } from "../key-service-settings.ts";
import { type Connected, type KeyServiceConnections, lazyConnections } from "../key-services.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "../metrics.ts";
import type { Clock } from "../runtime/clock.ts";
import { meteredKms, meteredTransit } from "./metered.ts";
import { readVaultCa } from "./vault-ca.ts";

/** What connecting takes from the rest of the controller. */
export type KeyServiceParts = {
  clock: Clock;
  log: Log;
  metrics: Pick<Metrics, "beginKeyService" | "countKeyServiceRequest">;
  version: string;
  /** Credentials for AWS, its region and endpoints, and proxies are named there. */
  environment: Readonly<Record<string, string | undefined>>;
};

/**
 * The ways to the key services that the options describe. Nothing is connected, and no client is loaded, before it is
 * asked for.
 * @throws FileError when the file with Vault's authorities cannot be used.
 */
export async function openKeyServices(
  settings: KeyServiceSettings,
  parts: KeyServiceParts,
): Promise<KeyServiceConnections> {
  const address = settings["vault-addr"];
  const ca = await readVaultCa(address === "" ? "" : settings["vault-ca-file"]);
  const { log } = parts;
  const isPlain = [address, ...settings["vault-redirect-addrs"]].some(isPlainAddress);
  if (isPlain)
    log.warn({ hint: "use https" }, "What is sent to Vault, tokens included, can be read on its way");
  return lazyConnections({
    kms: () => connectKms(parts),
    vault: () => connectVault(settings, ca, parts),
    transit: (client) => connectTransit(client, settings, parts),
  });
}

async function connectKms(parts: KeyServiceParts): Promise<Connected<KmsApi>> {
  const { clock, log, metrics, version, environment } = parts;
  const { connectKms } = await import("../../shared/aws/kms-client.ts");
  metrics.beginKeyService("kms");
  const connection = connectKms({
    version,
    env: environment,
    onCredentials: (source) => log.info({ source }, "Credentials for AWS KMS"),
    onPlainText: (host) =>
      log.warn(
        { host, hint: "use https" },
        "What is sent to AWS, data keys included, can be read on its way",
      ),
    onWarning: (message) => log.warn({ message }, "Credentials for AWS KMS are not the only ones"),
  });
  const api = meteredKms(connection, {
    meter: (operation, call) => metrics.countKeyServiceRequest("kms", operation, call),
    monotonic: () => clock.monotonic(),
  });
  return { api, close: () => connection.close() };
}

async function connectVault(
  settings: KeyServiceSettings,
  ca: string | null,
  { environment }: KeyServiceParts,
): Promise<Connected<VaultClient>> {
  const address = settings["vault-addr"];
  if (address === "") {
    throw new KeyServiceError("misused", "no Vault is configured", "give its address in --vault-addr");
  }
  const { connectVault } = await import("../../shared/vault/vault-client.ts");
  const api = connectVault({
    address,
    namespace: settings["vault-namespace"],
    ca,
    caOption: "--vault-ca-file (vault.ca in the chart)",
    redirectAddresses: settings["vault-redirect-addrs"],
    proxy: environmentProxy(address, environment),
  });
  return { api, close: () => api.close() };
}

async function connectTransit(
  client: VaultClient,
  settings: KeyServiceSettings,
  { clock, log, metrics }: KeyServiceParts,
): Promise<Connected<TransitApi>> {
  const [{ openVaultSession }, { connectTransit }] = await Promise.all([
    import("../../shared/vault/vault-session.ts"),
    import("../../shared/vault/transit.ts"),
  ]);
  metrics.beginKeyService("vault");
  const source = tokenSource(settings);
  const provider = providerOf(source, client.address);
  // Nothing is to be told of such a token later: it is read, and somebody else keeps it.
  if (source.kind === "token-file") log.info(provider, "Token for Vault");
  const session = openVaultSession(client, source, {
    clock,
    onLogin(event, failure) {
      const why = failure === undefined ? {} : { error: failure.message, hint: failure.hint };
      log[event.endsWith("failed") ? "warn" : "info"]({ event, ...provider, ...why }, "Token for Vault");
    },
  });
  const api = meteredTransit(connectTransit(session), {
    meter: (operation, call) => metrics.countKeyServiceRequest("vault", operation, call),
    monotonic: () => clock.monotonic(),
  });
  return { api, close: () => session.close() };
}

/** Where the token comes from and where it goes, for the log; the token itself never. */
function providerOf(source: TokenSource, address: string): Readonly<Record<string, string>> {
  if (source.kind === "token-file") return { method: source.kind, file: source.path, address };
  if (source.kind === "kubernetes")
    return { method: source.kind, mount: `auth/${source.mount}`, role: source.role, address };
  return { method: source.kind, address };
}

function tokenSource(settings: KeyServiceSettings): TokenSource {
  if (settings["vault-auth-method"] === "token-file") {
    return { kind: "token-file", path: settings["vault-token-file"] };
  }
  const { "vault-auth-mount": mount, "vault-role": role, "vault-jwt-file": path } = settings;
  return { kind: "kubernetes", mount, role, jwt: (signal) => readJwt(path, signal) };
}

/** The kubelet renews the file, so it is read for each login. */
async function readJwt(path: string, signal: AbortSignal): Promise<string> {
  return readFile(path, { encoding: "utf8", signal }).catch(() => {
    throw new KeyServiceError(
      "credentials",
      "the file of --vault-jwt-file, the controller's token to log in to Vault with, cannot be read",
      "mount a ServiceAccount token there",
    );
  });
}
