import { access, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { KubeConfigError } from "./config-error.ts";
import { environmentProxy } from "./environment-proxy.ts";
import { type ClusterEntry, type ContextEntry, readKubeconfig, type UserEntry } from "./kubeconfig-file.ts";

/** Where to look for the cluster and what to change in what is found there. Paths are taken from the working folder. */
export type KubeConfigOptions = {
  /** A file that must exist; without it `KUBECONFIG`, `~/.kube/config`, then the pod's service account. */
  kubeconfig?: string;
  context?: string;
  cluster?: string;
  user?: string;
  namespace?: string;
  server?: string;
  token?: string;
  username?: string;
  password?: string;
  as?: string;
  asUid?: string;
  asGroups?: readonly string[];
  certificateAuthority?: string;
  clientCertificate?: string;
  clientKey?: string;
  insecureSkipTlsVerify?: boolean;
  tlsServerName?: string;
  proxyUrl?: string;
  /** Default `process.env`. */
  env?: Readonly<Record<string, string | undefined>>;
  /** Default `/var/run/secrets/kubernetes.io/serviceaccount`. */
  serviceAccountFolder?: string;
};

/** How to reach one API server as one user. */
export type KubeConnection = {
  /** Where it comes from, for messages: a kubeconfig's path, or `the pod's service account`. */
  source: string;
  /** Name of the context, null in a pod and without a kubeconfig. */
  context: string | null;
  /** Namespace of the context or the pod, null where none is named. */
  namespace: string | null;
  cluster: ClusterEntry & { server: string };
  user: UserEntry;
};

type Found = Omit<KubeConnection, "cluster"> & { cluster: ClusterEntry };

/**
 * Finds the configuration in kubectl's order and applies the overrides.
 * @throws KubeConfigError when there is none, when it cannot be read, or when it names what it does not define.
 */
export async function loadKubeConfig(options: KubeConfigOptions = {}): Promise<KubeConnection> {
  const found = await find(options);
  const cluster = overrideCluster(found.cluster, options);
  const server = cluster.server;
  if (server === undefined)
    throw new KubeConfigError(
      `no server is given for the cluster in ${found.source}`,
      "add clusters[].cluster.server to the kubeconfig, or give --server URL",
    );
  checkServer(server, found.source);
  const proxyUrl = cluster.proxyUrl ?? environmentProxy(server, options.env ?? process.env) ?? undefined;
  return {
    ...found,
    namespace: options.namespace ?? found.namespace,
    cluster: {
      ...cluster,
      server: server.replace(/\/+$/, ""),
      ...(proxyUrl === undefined ? {} : { proxyUrl }),
    },
    user: overrideUser(found.user, options),
  };
}

async function find(options: KubeConfigOptions): Promise<Found> {
  const env = options.env ?? process.env;
  const [paths, missing] = kubeconfigPaths(options.kubeconfig, env);
  const kubeconfig = await readKubeconfig(paths, missing);
  if (kubeconfig === null) {
    const pod = await inPod(options.serviceAccountFolder ?? SERVICE_ACCOUNT_FOLDER, env);
    if (pod !== null) return pod;
    if (options.server !== undefined)
      return { source: "the command line", context: null, namespace: null, cluster: {}, user: {} };
    throw new KubeConfigError(
      "invalid configuration: no configuration has been provided",
      "give --kubeconfig FILE, set KUBECONFIG, or create ~/.kube/config; in a pod, mount a service account token",
    );
  }
  const source = `the kubeconfig ${kubeconfig.files.join(", ")}`;
  const contextName = options.context ?? kubeconfig.currentContext;
  const context = contextName === null ? {} : kubeconfig.contexts.get(contextName);
  if (context === undefined)
    throw missingEntry("context", contextName ?? "", source, kubeconfig.contexts, "--context");
  if (contextName === null && options.server === undefined && options.cluster === undefined)
    throw new KubeConfigError(
      `${source} names no current context`,
      `choose one with --context NAME${known(kubeconfig.contexts)}`,
    );
  return {
    source,
    context: contextName,
    namespace: context.namespace ?? null,
    cluster: pick("cluster", options, context, kubeconfig.clusters, source),
    user: pick("user", options, context, kubeconfig.users, source),
  };
}

/** The entry that the flag or else the context names; nothing at all when neither names one. */
function pick<T extends object>(
  kind: "cluster" | "user",
  options: KubeConfigOptions,
  context: ContextEntry,
  entries: ReadonlyMap<string, T>,
  source: string,
): T | Record<never, never> {
  const name = options[kind] ?? context[kind];
  if (name === undefined) return {};
  const entry = entries.get(name);
  if (entry === undefined) throw missingEntry(kind, name, source, entries, `--${kind}`);
  return entry;
}

function missingEntry(
  kind: string,
  name: string,
  source: string,
  entries: ReadonlyMap<string, unknown>,
  flag: string,
): KubeConfigError {
  return new KubeConfigError(
    `${source} has no ${kind} "${name}"`,
    `choose another with ${flag} NAME${known(entries)}`,
  );
}

function known(entries: ReadonlyMap<string, unknown>): string {
  const names = [...entries.keys()];
  if (names.length === 0) return "; it defines none";
  return `; it defines ${names.slice(0, 10).join(", ")}${names.length > 10 ? ", …" : ""}`;
}

function kubeconfigPaths(
  explicit: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): [string[], "refuse" | "skip"] {
  if (explicit !== undefined && explicit !== "") return [[resolve(explicit)], "refuse"];
  const listed = (env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "");
  if (listed.length > 0) return [listed.map((path) => resolve(path)), "skip"];
  return [[join(env["HOME"] || homedir(), ".kube", "config")], "skip"];
}

const SERVICE_ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

/** What the kubelet gives a pod: server from the environment, CA, token and namespace from the mounted folder. */
async function inPod(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Found | null> {
  const host = env["KUBERNETES_SERVICE_HOST"];
  const port = env["KUBERNETES_SERVICE_PORT"];
  const tokenFile = join(folder, "token");
  if (!host || !port || !(await exists(tokenFile))) return null;
  const certificateAuthority = join(folder, "ca.crt");
  return {
    source: "the pod's service account",
    context: null,
    namespace: env["POD_NAMESPACE"] || (await firstLine(join(folder, "namespace"))),
    cluster: {
      server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
      ...((await exists(certificateAuthority)) ? { certificateAuthority } : {}),
    },
    user: { tokenFile },
  };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function firstLine(path: string): Promise<string | null> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.trim() || null;
}

function overrideCluster(cluster: ClusterEntry, options: KubeConfigOptions): ClusterEntry {
  const { server, certificateAuthority, insecureSkipTlsVerify, tlsServerName, proxyUrl } = options;
  if (insecureSkipTlsVerify === true && certificateAuthority !== undefined)
    throw new KubeConfigError(
      "--insecure-skip-tls-verify and --certificate-authority contradict each other",
      "give one of them",
    );
  const changed = { ...cluster };
  if (server !== undefined) changed.server = server;
  if (tlsServerName !== undefined) changed.tlsServerName = tlsServerName;
  if (proxyUrl !== undefined) changed.proxyUrl = proxyUrl;
  if (insecureSkipTlsVerify !== undefined) changed.insecureSkipTlsVerify = insecureSkipTlsVerify;
  if (certificateAuthority !== undefined) {
    changed.certificateAuthority = resolve(certificateAuthority);
    changed.insecureSkipTlsVerify = false;
  }
  if (certificateAuthority !== undefined || insecureSkipTlsVerify === true)
    delete changed.certificateAuthorityData;
  if (insecureSkipTlsVerify === true) delete changed.certificateAuthority;
  return changed;
}

function overrideUser(user: UserEntry, options: KubeConfigOptions): UserEntry {
  const { token, username, password, as, asUid, asGroups, clientCertificate, clientKey } = options;
  if (token !== undefined && username !== undefined)
    throw new KubeConfigError("--token and --username contradict each other", "give one of them");
  const changed = { ...user };
  if (token !== undefined || username !== undefined) {
    // What is given by hand replaces every other way of saying who calls.
    for (const field of ["token", "tokenFile", "username", "password", "exec", "authProvider"] as const)
      delete changed[field];
  }
  if (token !== undefined) changed.token = token;
  if (username !== undefined) changed.username = username;
  if (password !== undefined) changed.password = password;
  if (as !== undefined) changed.as = as;
  if (asUid !== undefined) changed.asUid = asUid;
  if (asGroups !== undefined && asGroups.length > 0) changed.asGroups = asGroups;
  if (clientCertificate !== undefined) {
    changed.clientCertificate = resolve(clientCertificate);
    delete changed.clientCertificateData;
  }
  if (clientKey !== undefined) {
    changed.clientKey = resolve(clientKey);
    delete changed.clientKeyData;
  }
  return changed;
}

function checkServer(server: string, source: string): void {
  const url = URL.canParse(server) ? new URL(server) : null;
  if (url !== null && /^https?:$/.test(url.protocol) && url.username === "" && url.password === "") return;
  throw new KubeConfigError(
    `the server address in ${source} is not an http or https URL without user name and password`,
    "correct clusters[].cluster.server, or give --server https://HOST:PORT",
  );
}
