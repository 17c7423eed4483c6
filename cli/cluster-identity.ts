import { InputError, SealError, UsageError } from "../shared/errors.ts";
import { KubeApiError } from "../shared/kube/api-error.ts";
import type { KubeClient } from "../shared/kube/client.ts";
import { corePath } from "../shared/kube/paths.ts";
import { connect, controllerOf, requestTimeoutMs } from "./cluster.ts";
import { CERTIFICATE_CONFIG_MAP } from "./controller/published-certificate.ts";
import type { Io } from "./io.ts";
import type { ClusterOptions } from "./options.ts";

const TIMEOUT_MS = 10_000;
const LONGEST = 253;

/**
 * The id of the cluster that values are for, where a backend binds them to one: `--cluster-id`, else what the reachable
 * cluster says of itself. There the word of its controller counts (the ConfigMap with its certificate), and without one
 * the uid of the namespace kube-system, which is the controller's own default.
 * @throws UsageError when `--cluster-id` is no id; InputError naming it when the cluster does not tell.
 */
export async function clusterIdentity(
  options: ClusterOptions & { "cluster-id": string | null },
  io: Io,
): Promise<string> {
  const given = options["cluster-id"];
  if (given !== null || isGivenEmpty(io.args)) {
    if (given !== null && isClusterId(given)) return given;
    throw new UsageError(
      "--cluster-id must not be empty, nor hold control characters or more than 253 characters",
      "give the uid of the cluster's namespace kube-system, or the --cluster-id of its controller",
    );
  }
  try {
    const client = await connect(options, io);
    try {
      return await askedOf(client, controllerOf(options).namespace, options["request-timeout"]);
    } finally {
      await client.close();
    }
  } catch (error) {
    if (!(error instanceof SealError) || error instanceof UsageError) throw error;
    throw new InputError(
      `the cluster that the values are for is not known: ${error.message}`,
      "give --cluster-id ID: the uid of its namespace kube-system, unless its controller has a --cluster-id of its own",
      { cause: error },
    );
  }
}

/**
 * The same for what is to be bound to a cluster from now on.
 * @throws UsageError for `none` as well: controllers that are told so know no cluster, and would never open it.
 */
export async function clusterToBindTo(
  options: ClusterOptions & { "cluster-id": string | null },
  io: Io,
): Promise<string> {
  const id = await clusterIdentity(options, io);
  if (id !== "none") return id;
  throw new UsageError(
    "none is the id of no cluster: a controller with --cluster-id=none opens nothing that is bound to one",
    "give the uid of the cluster's namespace kube-system, here and to its controller",
  );
}

/** Whether a text may be the id of a cluster. */
export function isClusterId(text: string): boolean {
  return text !== "" && text.length <= LONGEST && !/[\p{Cc}\p{Bidi_Control}]/u.test(text);
}

/** A variable that was empty where it was put together must not have another cluster asked. */
function isGivenEmpty(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  const flags = end === -1 ? args : args.slice(0, end);
  return flags.some(
    (word, at) => word === "--cluster-id=" || (word === "--cluster-id" && flags[at + 1] === ""),
  );
}

async function askedOf(client: KubeClient, namespace: string, timeout: string | null): Promise<string> {
  const timeoutMs = requestTimeoutMs(timeout) ?? TIMEOUT_MS;
  const read = (path: string) => client.request({ method: "GET", path, timeoutMs });
  const configMap = await unlessClosed(read(corePath("configmaps", namespace, CERTIFICATE_CONFIG_MAP)));
  const published = (configMap?.["data"] as Record<string, unknown> | null | undefined)?.["cluster-id"];
  if (typeof published === "string" && isClusterId(published)) return published;
  const { uid } = (await read("/api/v1/namespaces/kube-system")).metadata;
  if (uid !== undefined && isClusterId(uid)) return uid;
  throw new InputError("its namespace kube-system has no uid", "give --cluster-id");
}

/** Who may not read the ConfigMap is no worse off than where there is none. */
async function unlessClosed<T>(request: Promise<T>): Promise<T | null> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof KubeApiError && (error.status === 404 || error.status === 403)) return null;
    throw error;
  }
}
