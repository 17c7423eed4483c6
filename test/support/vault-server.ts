import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureRealComponents } from "../tools/real-components.ts";
import { freePort } from "./control-plane/host-network.ts";
import { isRecord } from "./control-plane/kube-object.ts";
import { type ManagedProcess, startProcess } from "./control-plane/managed-process.ts";
import { untilReady } from "./control-plane/process-readiness.ts";
import { retryTakenPort } from "./control-plane/retry-taken-port.ts";
import { makeScratchFolder } from "./control-plane/scratch-folder.ts";
import { waitUntil } from "./control-plane/wait-until.ts";
import { servingCertificate } from "./serving-certificate.ts";
import { makeVaultRequest, succeed, type VaultAnswer, type VaultRequest } from "./vault-request.ts";

/** What kind of Vault a test needs. */
export type VaultOptions = {
  /** Serve over TLS, with a certificate of its own; without by default. */
  tls?: boolean;
};

/** A running Vault of one test's own, initialised and unsealed, with its data in a folder that `stop` removes. */
export type VaultServer = {
  /** Where it is: http://127.0.0.1:PORT, or https. */
  readonly address: string;
  /** PEM certificate of the authority to trust, and a file that holds it; null without TLS. */
  readonly ca: string | null;
  readonly caFile: string | null;
  /** May do everything. */
  readonly rootToken: string;
  /** The process that runs now; `signal("SIGSTOP")` makes it silent. */
  readonly process: ManagedProcess;
  /** Sends one request, as root by default. It fails only when there is no answer at all. */
  request: VaultRequest;
  /** Seals it: it answers 503 to whatever needs its data, until it is unsealed. */
  seal(): Promise<void>;
  unseal(): Promise<void>;
  /** Ends it by SIGKILL. */
  kill(): Promise<void>;
  /** Starts it again where it was, with the data it had, and unseals it; ends it first where it still runs. */
  restart(): Promise<void>;
  /** Ends it and removes its data. May be called twice. */
  stop(): Promise<void>;
};

const startBoundMs = 30_000;
// Answers of sys/health: https://developer.hashicorp.com/vault/api-docs/system/health
const [active, notInitialised, sealed] = [200, 501, 503];

/**
 * Starts a Vault on a loopback port the kernel chose, and waits until it serves (about a second).
 * @throws Error with the last lines of its output when it does not come up.
 */
export async function startVault(options: VaultOptions = {}): Promise<VaultServer> {
  const binaries = await ensureRealComponents(["netbox", "vault"]);
  const scratch = await makeScratchFolder("vault");
  const folder = scratch.path;
  const started: ManagedProcess[] = [];
  const stop = async (): Promise<void> => {
    for (const process of started) await process.stop();
    await scratch.remove();
  };
  try {
    const certificate = options.tls === true ? await writeCertificate(folder) : null;
    const ca = certificate?.ca ?? null;
    let rootToken: string | null = null;
    const connect = (port: number) => {
      const address = `${ca === null ? "http" : "https"}://127.0.0.1:${port}`;
      return { address, port, ...makeVaultRequest({ address, ca, token: () => rootToken }) };
    };
    const launch = async (at: ReturnType<typeof connect>, expected: number): Promise<ManagedProcess> => {
      const config = join(folder, "vault.json");
      await writeFile(config, JSON.stringify(configuration(folder, at, certificate)));
      const process = await startProcess({
        name: "vault",
        command: binaries.netbox,
        args: ["exec", "--", binaries.vault, "server", `-config=${config}`],
        // It takes much of its configuration from VAULT_… variables, too.
        env: { PATH: globalThis.process.env["PATH"], HOME: folder },
      });
      started.push(process);
      await untilReady(process, { what: "sys/health", boundMs: startBoundMs }, async () => {
        const { status } = await at.request("GET", "sys/health");
        return status === expected ? true : null;
      });
      return process;
    };
    const found = await retryTakenPort(async () => {
      const at = connect(await freePort());
      return { ...at, process: await launch(at, notInitialised) };
    });
    const { address, request, close } = found;
    let { process } = found;
    const untilHealth = (what: string, expected: number): Promise<true> =>
      waitUntil({ what, everyMs: 20, boundMs: startBoundMs }, async () => {
        const { status } = await request("GET", "sys/health");
        return status === expected ? true : null;
      });
    const init = await request("PUT", "sys/init", { secret_shares: 1, secret_threshold: 1 });
    const { token, share } = initialised(init);
    rootToken = token;
    const unseal = async (): Promise<void> => {
      await succeed(request, "PUT", "sys/unseal", { key: share });
      await untilHealth("Vault to be unsealed", active);
    };
    await unseal();

    return {
      address,
      ca,
      caFile: certificate?.certificateFile ?? null,
      rootToken,
      get process() {
        return process;
      },
      request,
      async seal() {
        await succeed(request, "PUT", "sys/seal");
        await untilHealth("Vault to be sealed", sealed);
      },
      unseal,
      kill: () => process.stop(0),
      async restart() {
        await process.stop();
        process = await retryTakenPort(() => launch(found, sealed));
        await unseal();
      },
      async stop() {
        close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

type Certificate = { ca: string; certificateFile: string; keyFile: string };

async function writeCertificate(folder: string): Promise<Certificate> {
  const { certificatePem, privateKeyPem } = servingCertificate();
  const certificateFile = join(folder, "vault.crt");
  const keyFile = join(folder, "vault.key");
  await writeFile(certificateFile, certificatePem);
  await writeFile(keyFile, privateKeyPem, { mode: 0o600 });
  return { ca: certificatePem, certificateFile, keyFile };
}

// https://developer.hashicorp.com/vault/docs/configuration
function configuration(
  folder: string,
  { address, port }: { address: string; port: number },
  certificate: Certificate | null,
): object {
  const tls =
    certificate === null
      ? { tls_disable: true }
      : { tls_cert_file: certificate.certificateFile, tls_key_file: certificate.keyFile };
  return {
    storage: { file: { path: join(folder, "data") } },
    listener: { tcp: { address: `127.0.0.1:${port}`, ...tls } },
    api_addr: address,
    disable_mlock: true,
    log_level: "warn",
  };
}

function initialised({ body }: VaultAnswer): { token: string; share: string } {
  const token = isRecord(body) ? body["root_token"] : undefined;
  const shares: unknown = isRecord(body) ? body["keys_base64"] : undefined;
  const share: unknown = Array.isArray(shares) ? shares[0] : undefined;
  if (typeof token !== "string" || typeof share !== "string") throw new Error("Vault was not initialised");
  return { token, share };
}
