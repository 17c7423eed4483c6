import { UsageError } from "../shared/errors.ts";
import type { KubeConfigOptions, KubeConnection } from "../shared/kube/config.ts";
import { KubeConfigError } from "../shared/kube/config-error.ts";
import { version } from "../shared/version.ts";
import type { ControllerService } from "./controller/way.ts";
import type { Io } from "./io.ts";
import type { ClusterOptions } from "./options.ts";

/** The namespace of a kubeconfig context that names none, as kubectl has it. */
const DEFAULT_NAMESPACE = "default";

/** Where kubeseal finds the controller unless told otherwise. */
export function controllerOf(options: ClusterOptions): ControllerService {
  return {
    namespace: options["controller-namespace"] ?? "kube-system",
    name: options["controller-name"] ?? "sealed-secrets-controller",
  };
}

/**
 * A client for the cluster that the flags and the kubeconfig name. Loaded only here: sealing offline pays nothing.
 * @throws KubeConfigError when there is no usable configuration.
 */
export async function connect(options: ClusterOptions, io: Io) {
  const { connectKube } = await import("../shared/kube/http-client.ts");
  return connectKube(await connection(options, io), { version });
}

/**
 * The namespace for what names none: the one given, that of the context or the pod, `default` where the context
 * names none.
 * @returns null when there is no configuration at all.
 * @throws KubeConfigError when a kubeconfig or context was asked for by name and does not serve.
 */
export async function clientNamespace(
  options: ClusterOptions,
  io: Io,
): Promise<{ name: string; explicit: boolean } | null> {
  if (options.namespace !== null) return { name: options.namespace, explicit: true };
  try {
    const { namespace } = await connection(options, io);
    return { name: namespace ?? DEFAULT_NAMESPACE, explicit: false };
  } catch (error) {
    const asked = options.kubeconfig !== null || options.context !== null;
    if (asked || !(error instanceof KubeConfigError)) throw error;
    return null;
  }
}

async function connection(options: ClusterOptions, io: Io): Promise<KubeConnection> {
  const { loadKubeConfig } = await import("../shared/kube/config.ts");
  return loadKubeConfig(configOptions(options, io));
}

function configOptions(options: ClusterOptions, io: Io): KubeConfigOptions {
  const given: Record<keyof KubeConfigOptions, unknown> = {
    kubeconfig: options.kubeconfig,
    context: options.context,
    cluster: options.cluster,
    user: options.user,
    namespace: options.namespace,
    server: options.server,
    token: options.token,
    username: options.username,
    password: options.password,
    as: options.as,
    asUid: options["as-uid"],
    asGroups: options["as-group"],
    certificateAuthority: options["certificate-authority"],
    clientCertificate: options["client-certificate"],
    clientKey: options["client-key"],
    // The kubeconfig's own setting stands unless the flag is given.
    insecureSkipTlsVerify: options["insecure-skip-tls-verify"] || null,
    tlsServerName: options["tls-server-name"],
    proxyUrl: options["proxy-url"],
    env: io.env,
    serviceAccountFolder: null,
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)) as KubeConfigOptions;
}

const UNITS_MS: ReadonlyMap<string, number> = new Map([
  ["ms", 1],
  ["s", 1000],
  ["m", 60_000],
  ["h", 3_600_000],
]);

/**
 * The longest wait for one answer in milliseconds: a number of seconds, or Go's form (`1m30s`).
 * @param flag that it was given by.
 * @returns null when none was given, or 0, which leaves it to the client.
 * @throws UsageError for anything else.
 */
export function requestTimeoutMs(text: string | null, flag = "--request-timeout"): number | null {
  if (text === null || text === "0") return null;
  const parts = /^\d+$/.test(text) ? [`${text}s`] : text.match(/\d+(?:\.\d+)?(?:ms|s|m|h)/g);
  if (parts === null || (parts.join("") !== text && !/^\d+$/.test(text))) {
    throw new UsageError(
      `invalid value ${JSON.stringify(text)} for ${flag}`,
      flag === "--request-timeout"
        ? "write a number with its unit, such as 5s or 2m, or 0; SEALED_SECRETS_REQUEST_TIMEOUT sets it too"
        : "write a number with its unit, such as 5s or 2m, or 0",
    );
  }
  const total = parts.reduce((sum, part) => {
    const [, count = "0", unit = "s"] = /^([\d.]+)(.*)$/.exec(part) ?? [];
    return sum + Number(count) * (UNITS_MS.get(unit) ?? 0);
  }, 0);
  return total === 0 ? null : total;
}
