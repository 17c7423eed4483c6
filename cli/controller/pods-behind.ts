import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject, KubeRequest } from "../../shared/kube/client.ts";
import { corePath, endpointSlicePath } from "../../shared/kube/paths.ts";
import type { FoundService } from "./service.ts";
import { ClosedWay } from "./way.ts";

/** A Pod that serves a Service, and the port it listens on. */
export type ServingPod = { namespace: string; pod: string; port: number };

/** An endpoint that names a Pod. */
type Endpoint = { address: string; pod: string; uid: string | null; port: number };

const MOST_PODS = 3;

/**
 * The ready Pods behind a Service, as the cluster's own endpoints name them; labels of Pods say nothing here, since
 * anybody who makes a Pod chooses them. A Pod counts when it is ready itself and has the endpoint's address.
 * @param timeoutMs longest wait for each answer.
 * @returns at least one and at most three.
 * @throws ClosedWay when there is none, or the endpoints or Pods may not be read.
 */
export async function podsBehind(
  client: KubeClient,
  service: FoundService,
  timeoutMs: number,
): Promise<ServingPod[]> {
  const { namespace } = service;
  const get = (path: string, query: Record<string, string> = {}) =>
    read(client, { method: "GET", path, query, timeoutMs });
  const slices = await get(endpointSlicePath(namespace), {
    labelSelector: `kubernetes.io/service-name=${service.name}`,
  });
  const inSlices = itemsOf(slices).flatMap((slice) => endpointsOfSlice(slice, service));
  // Clusters without EndpointSlices, or whose Endpoints nobody mirrors into them.
  const endpoints =
    inSlices.length > 0
      ? inSlices
      : endpointsOfSubsets(await get(corePath("endpoints", namespace, service.name)), service);
  const serving: ServingPod[] = [];
  for (const endpoint of endpoints.slice(0, 2 * MOST_PODS)) {
    const pod = await get(corePath("pods", namespace, endpoint.pod));
    if (!isServing(pod, endpoint)) continue;
    serving.push({ namespace, pod: endpoint.pod, port: endpoint.port });
    if (serving.length === MOST_PODS) break;
  }
  if (serving.length > 0) return serving;
  throw new ClosedWay(
    "found no ready Pod behind the Service",
    "check that the controller's Pod is ready and that the Service selects it",
  );
}

/** @returns null for what is not there. */
async function read(client: KubeClient, request: KubeRequest): Promise<KubeObject | null> {
  try {
    return await client.request(request);
  } catch (error) {
    if (!(error instanceof KubeApiError)) throw error;
    if (error.status === 404) return null;
    const resource = /[^/]*\/(endpointslices|endpoints|pods)\b/.exec(request.path)?.[1] ?? "it";
    if (error.status !== 403) throw new ClosedWay(`could not read ${resource} (${error.status})`, error.hint);
    const verb = resource === "endpointslices" ? "list" : "get";
    throw new ClosedWay(
      `may not ${verb} ${resource} (403)`,
      "ask for the rights that a port-forward needs: list endpointslices, get pods, get and create pods/portforward",
    );
  }
}

type TargetRef = { kind?: unknown; name?: unknown; namespace?: unknown; uid?: unknown } | null | undefined;
type Port = { name?: unknown; port?: unknown; protocol?: unknown };
type SliceEndpoint = {
  addresses?: unknown[] | null;
  conditions?: { ready?: unknown; terminating?: unknown } | null;
  targetRef?: TargetRef;
};
type Subset = { addresses?: { ip?: unknown; targetRef?: TargetRef }[] | null; ports?: Port[] | null };

function endpointsOfSlice(slice: KubeObject, service: FoundService): Endpoint[] {
  const port = portOf(slice["ports"] as Port[] | null | undefined, service);
  const endpoints = (slice["endpoints"] ?? []) as SliceEndpoint[];
  return endpoints
    .filter(({ conditions }) => conditions?.ready !== false && conditions?.terminating !== true)
    .flatMap(({ addresses, targetRef }) => endpointOf(addresses?.[0], targetRef, port, service));
}

function endpointsOfSubsets(endpoints: KubeObject | null, service: FoundService): Endpoint[] {
  const subsets = (endpoints?.["subsets"] ?? []) as Subset[];
  return subsets.flatMap(({ addresses, ports }) => {
    const port = portOf(ports, service);
    return (addresses ?? []).flatMap(({ ip, targetRef }) => endpointOf(ip, targetRef, port, service));
  });
}

function portOf(ports: Port[] | null | undefined, { portName }: FoundService): number | null {
  const same = ports?.find(
    ({ name, protocol }) => (name ?? "") === portName && (protocol ?? "TCP") === "TCP",
  );
  return typeof same?.port === "number" ? same.port : null;
}

/** @returns one, or none where it names no Pod of the Service's namespace. */
function endpointOf(
  address: unknown,
  targetRef: TargetRef,
  port: number | null,
  { namespace }: FoundService,
): Endpoint[] {
  if (typeof address !== "string" || port === null || targetRef?.kind !== "Pod") return [];
  const { name, uid } = targetRef;
  if (typeof name !== "string" || (targetRef.namespace ?? namespace) !== namespace) return [];
  return [{ address, pod: name, uid: typeof uid === "string" ? uid : null, port }];
}

function isServing(pod: KubeObject | null, { address, uid }: Endpoint): boolean {
  if (pod === null || pod.metadata.deletionTimestamp !== undefined) return false;
  if (uid !== null && pod.metadata.uid !== uid) return false;
  const status = pod["status"] as
    | { podIP?: unknown; podIPs?: { ip?: unknown }[]; conditions?: { type?: unknown; status?: unknown }[] }
    | undefined;
  const addresses = [status?.podIP, ...(status?.podIPs ?? []).map(({ ip }) => ip)];
  const ready = status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True");
  return addresses.includes(address) && ready === true;
}

function itemsOf(list: KubeObject | null): KubeObject[] {
  return Array.isArray(list?.["items"]) ? (list["items"] as KubeObject[]) : [];
}
