import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { corePath } from "../../shared/kube/paths.ts";
import { ControllerError } from "./controller-error.ts";
import type { ControllerService } from "./way.ts";

/** A Service that stands before a controller. */
export type FoundService = ControllerService & {
  /** Name of its first port, empty where that has none. */
  portName: string;
  /** Whether it bears the name that was looked for, or was found otherwise. */
  byName: boolean;
};

/** What to look for. */
export type ServiceSearch = ControllerService & {
  /** Whether the user gave the name: no other one is looked for then. */
  nameGiven: boolean;
  /** Longest wait for each answer; null leaves it to the client. */
  timeoutMs: number | null;
};

/** A found Service, or why there is none, in our words, one reason for each place looked at, and what to do. */
export type ServiceSearchResult =
  | { service: FoundService }
  | { service: null; reasons: string[]; remedy: string };

/** What the Helm chart of Sealed Secrets puts on its Services, and what the static manifests put there. */
const LABELS = ["app.kubernetes.io/name=sealed-secrets", "name=sealed-secrets-controller"];
/** The name that the Helm chart gives when nobody chooses one. */
const CHART_NAME = "sealed-secrets";

const NAME_FLAGS =
  "please, use the flag --controller-name and --controller-namespace to set up the name and namespace of the sealed secrets controller; or give --cert FILE";
const ASK_FOR_GET = "ask for the right to get the controller's Service, or give --cert FILE";

/**
 * Looks for the controller's Service: by its name; unless that was given, by the labels that installations carry, in the
 * same namespace only; and where listing is not allowed, by the chart's name.
 * @throws ControllerError when a given name does not exist, two Services carry the labels, or the API server fails.
 * @throws KubeUnreachableError when the cluster does not answer.
 */
export async function findService(client: KubeClient, search: ServiceSearch): Promise<ServiceSearchResult> {
  const { namespace, name, nameGiven } = search;
  const named = await getService(client, search, name);
  if (named.object !== null) {
    return { service: { ...foundService(named.object, namespace), name, byName: true } };
  }
  const none = (...more: string[]) => ({
    service: null,
    reasons: [named.reason, ...more],
    remedy: named.isForbidden ? ASK_FOR_GET : NAME_FLAGS,
  });
  if (nameGiven) {
    if (named.isForbidden) return none();
    throw new ControllerError(`cannot get sealed secret service: ${named.reason}`, NAME_FLAGS);
  }
  const labelled = await listLabelled(client, search);
  if (labelled !== null) {
    const [first, ...more] = labelled;
    if (first === undefined) {
      return none(`no Service of that namespace carries the label ${LABELS.join(" or ")}`);
    }
    if (more.length > 0) throw ambiguous(namespace, labelled);
    return { service: first };
  }
  const charted = await getService(client, search, CHART_NAME);
  if (charted.object === null) {
    return none("listing the Services of that namespace is not allowed (403)", charted.reason);
  }
  return { service: { ...foundService(charted.object, namespace), byName: false } };
}

type Got = { object: KubeObject } | { object: null; reason: string; isForbidden: boolean };

/** @throws ControllerError for what is neither missing nor forbidden. */
async function getService(
  client: KubeClient,
  { namespace, timeoutMs }: ServiceSearch,
  name: string,
): Promise<Got> {
  try {
    const path = corePath("services", namespace, name);
    return { object: await client.request({ method: "GET", path, ...limit(timeoutMs) }) };
  } catch (error) {
    if (!(error instanceof KubeApiError)) throw error;
    const service = `services ${JSON.stringify(name)}`;
    const place = `namespace ${JSON.stringify(namespace)}`;
    if (error.status === 404) {
      return { object: null, reason: `${service} not found in ${place}`, isForbidden: false };
    }
    if (error.status === 403) {
      return {
        object: null,
        reason: `reading ${service} in ${place} is not allowed (403)`,
        isForbidden: true,
      };
    }
    const reason = error.reason === "" ? "" : ` ${error.reason}`;
    throw new ControllerError(
      `cannot get sealed secret service: the API server answered ${error.status}${reason} for Service ${namespace}/${name}`,
      error.hint,
      { cause: error },
    );
  }
}

/** @returns the Services that carry one of the labels, or null when they may not be listed. */
async function listLabelled(client: KubeClient, search: ServiceSearch): Promise<FoundService[] | null> {
  const { namespace, timeoutMs } = search;
  const found = new Map<string, FoundService>();
  for (const labelSelector of LABELS) {
    try {
      const path = corePath("services", namespace);
      const list = await client.request({
        method: "GET",
        path,
        query: { labelSelector },
        ...limit(timeoutMs),
      });
      for (const item of itemsOf(list)) {
        const service = foundService(item, namespace);
        if (isControllers(item, service)) found.set(service.name, { ...service, byName: false });
      }
    } catch (error) {
      if (!(error instanceof KubeApiError)) throw error;
      if (error.status === 403) return null;
      if (error.status !== 404) throw error;
    }
  }
  return [...found.values()];
}

/** Metrics Services carry the same labels, and what leads out of the cluster is none of ours. */
function isControllers(item: KubeObject, { name, portName }: { name: string; portName: string }): boolean {
  const spec = item["spec"] as { type?: unknown } | null | undefined;
  return (
    name !== "" &&
    !name.endsWith("-metrics") &&
    ["", "http"].includes(portName) &&
    spec?.type !== "ExternalName"
  );
}

function itemsOf(list: KubeObject): KubeObject[] {
  return Array.isArray(list["items"]) ? (list["items"] as KubeObject[]) : [];
}

function foundService(service: KubeObject, namespace: string): Omit<FoundService, "byName"> {
  const spec = service["spec"] as { ports?: { name?: unknown }[] } | null | undefined;
  const portName = spec?.ports?.[0]?.name;
  return {
    namespace,
    name: service.metadata.name ?? "",
    portName: typeof portName === "string" ? portName : "",
  };
}

function ambiguous(namespace: string, services: readonly ControllerService[]): ControllerError {
  const names = services.map(({ name }) => `${namespace}/${name}`).sort();
  return new ControllerError(
    `cannot get sealed secret service: there are several that may be it: ${names.join(", ")}`,
    "choose one with --controller-name",
  );
}

function limit(timeoutMs: number | null): { timeoutMs?: number } {
  return timeoutMs === null ? {} : { timeoutMs };
}
