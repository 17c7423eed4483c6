import { SealError } from "../../shared/errors.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { corePath, endpointSlicePath, leasePath } from "../../shared/kube/paths.ts";
import { version } from "../../shared/version.ts";
import { type FoundService, findService } from "../controller/service.ts";
import { checkCertificate } from "./certificate-checks.ts";
import { type Check, type Looking, objectAt, ok, unlessForbidden, wanting } from "./check.ts";
import type { PublishedOptions } from "./published-options.ts";

/** What looking at the controller found out for those that look further. */
export type FoundController = {
  checks: Check[];
  /** The ServiceAccount that its Pods run as; null where that is not known. */
  account: string | null;
};

const LEASE = "sealed-secrets-controller";
/** A leader that is late by so much is gone. */
const LATE_FACTOR = 3;

/** Looks at the controller: Service, Pods and their version, leader, certificate. */
export async function checkController(
  looking: Looking,
  published: PublishedOptions,
): Promise<FoundController> {
  const { namespace } = looking.search;
  const { service, checks } = await checkService(looking);
  const pods = service === null ? null : await checkPods(looking, service);
  const lease = await checkLease(looking);
  const certificate = await checkCertificate(looking, service, published);
  const accounts = (pods?.pods ?? []).map((pod) => fieldOf(pod["spec"], "serviceAccountName"));
  const account = accounts.find((name) => typeof name === "string");
  return {
    checks: [
      ...checks,
      ...(pods?.checks ?? []),
      ...checkVersion(pods?.pods[0] ?? null, published),
      ...lease,
      ...certificate,
    ],
    account: typeof account === "string" ? `system:serviceaccount:${namespace}:${account}` : null,
  };
}

async function checkService(looking: Looking): Promise<{ service: FoundService | null; checks: Check[] }> {
  const { client, search } = looking;
  const about = "service";
  const path = corePath("services", search.namespace, search.name);
  const right = `get the Service ${search.namespace}/${search.name}`;
  const closed = await unlessForbidden(about, right, async () => {
    await objectAt(looking, path);
    return [];
  });
  if (closed.length > 0) return { service: null, checks: closed };
  try {
    const found = await findService(client as KubeClient, search);
    if (found.service === null)
      return { service: null, checks: [wanting("fail", about, found.reasons.join("; "), found.remedy)] };
    const { service } = found;
    return { service, checks: [ok(about, `${service.namespace}/${service.name}`)] };
  } catch (error) {
    if (!(error instanceof SealError) || error.code === "kube-unreachable") throw error;
    return { service: null, checks: [wanting("fail", about, error.message, error.hint)] };
  }
}

type FoundPods = { checks: Check[]; pods: KubeObject[] };

/** By endpoints: labels of Pods are anybody's. */
async function checkPods(looking: Looking, service: FoundService): Promise<FoundPods> {
  const { namespace } = service;
  const pods: KubeObject[] = [];
  const checks = await unlessForbidden(
    "pods",
    `list endpointslices and get pods in ${namespace}`,
    async () => {
      const { ready, all } = await endpointsOf(looking, service);
      if (ready.length === 0) {
        const next = `kubectl -n ${namespace} get pods, and the log of those that are not ready`;
        return [wanting("fail", "pods", `no ready Pod stands behind the Service (${all} in all)`, next)];
      }
      for (const endpoint of ready) {
        const pod = fieldOf(fieldOf(endpoint, "targetRef"), "name");
        if (typeof pod !== "string") continue;
        const found = await objectAt(looking, corePath("pods", namespace, pod));
        if (found !== null) pods.push(found);
      }
      return [ok("pods", `${ready.length} ready`)];
    },
  );
  return { checks, pods };
}

/** Of clusters without EndpointSlices, or whose Endpoints nobody mirrors into them, the Endpoints. */
async function endpointsOf(
  looking: Looking,
  { namespace, name }: FoundService,
): Promise<{ ready: unknown[]; all: number }> {
  const query = { labelSelector: `kubernetes.io/service-name=${name}` };
  const slices = await objectAt(looking, endpointSlicePath(namespace), query);
  const endpoints = listIn(slices, "items").flatMap((slice) => listIn(slice, "endpoints"));
  if (endpoints.length > 0) {
    const ready = endpoints.filter((one) => fieldOf(fieldOf(one, "conditions"), "ready") !== false);
    return { ready, all: endpoints.length };
  }
  const subsets = listIn(await objectAt(looking, corePath("endpoints", namespace, name)), "subsets");
  const ready = subsets.flatMap((subset) => listIn(subset, "addresses"));
  return {
    ready,
    all: ready.length + subsets.flatMap((subset) => listIn(subset, "notReadyAddresses")).length,
  };
}

/**
 * By the word of the controller that leads, and by the tag of a Pod's image. A tag can say anything, and a digest says nothing; the
 * word stays behind where another controller came in its place.
 */
function checkVersion(pod: KubeObject | null, { version: said }: PublishedOptions): Check[] {
  const about = "version";
  const images = listIn(pod?.["spec"], "containers").map((container) => fieldOf(container, "image"));
  const image =
    images.find((one) => typeof one === "string" && /signet|sealed-secrets/.test(one)) ?? images[0];
  const [, path = "", tag] = /^(.*?)(?::([\w.-]+))?(?:@.*)?$/.exec(String(image ?? "")) ?? [];
  if (/(?:^|\/)sealed-secrets-controller$/.test(path) && !path.includes("signet")) {
    const next = "docs/compatibility.md says what it does not have";
    return [wanting("warn", about, `the controller is the reference's (${tag ?? "no tag"})`, next)];
  }
  const tagged = /^v?(\d+\.\d+\.\d.*)$/.exec(tag ?? "")?.[1] ?? null;
  // A tag may go on, as in 1.2.3-alpine.
  if (said !== null && tagged !== null && said !== tagged && !tagged.startsWith(`${said}-`)) {
    const found = `a Pod's image is ${tag}, and the last controller to lead was ${said}`;
    const next = "wait until the update is through; see the Pods and which one leads";
    return [wanting("warn", about, found, next)];
  }
  const found = said ?? tagged ?? tag ?? null;
  if (found === version) return [ok(about, `${version}, as this program`)];
  if (found !== null)
    return [
      wanting(
        "warn",
        about,
        `the controller's is ${found}, and this program's ${version}`,
        "run the same version of both",
      ),
    ];
  // Where no Pod was seen, why stands above.
  if (pod === null) return [];
  return [
    { level: "unknown", about, found: "not known: its image has no tag, and it tells none", next: null },
  ];
}

function checkLease(looking: Looking): Promise<Check[]> {
  const about = "leader";
  const { now } = looking;
  const { namespace } = looking.search;
  return unlessForbidden(about, `get the Lease ${namespace}/${LEASE}`, async () => {
    const lease = await objectAt(looking, leasePath(namespace, LEASE));
    if (lease === null)
      return [ok(about, `there is no Lease ${LEASE}: a controller alone, or the reference's`)];
    const spec = lease["spec"];
    const holder = fieldOf(spec, "holderIdentity");
    const renewed = new Date(String(fieldOf(spec, "renewTime") ?? ""));
    const seconds = Number(fieldOf(spec, "leaseDurationSeconds") ?? 0);
    const lateMs = now.getTime() - renewed.getTime();
    if (typeof holder === "string" && holder !== "" && lateMs <= LATE_FACTOR * seconds * 1000)
      return [ok(about, holder)];
    const found = `nobody holds the Lease ${LEASE}${Number.isNaN(lateMs) ? "" : `, which was last renewed ${renewed.toISOString()}`}`;
    const next = `kubectl -n ${namespace} get pods, and their logs: nothing is unsealed until one leads`;
    return [wanting("fail", about, found, next)];
  });
}

function fieldOf(value: unknown, field: string): unknown {
  const isMap = typeof value === "object" && value !== null && Object.hasOwn(value, field);
  return isMap ? (value as Record<string, unknown>)[field] : undefined;
}

function listIn(value: unknown, field: string): unknown[] {
  const list = fieldOf(value, field);
  return Array.isArray(list) ? list : [];
}
