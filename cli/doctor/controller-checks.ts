import { SealError } from "../../shared/errors.ts";
import { KubeApiError, unlessGone } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { corePath, endpointSlicePath, leasePath } from "../../shared/kube/paths.ts";
import { type Certificate, readCertificate } from "../../shared/seal/certificate.node.ts";
import { version } from "../../shared/version.ts";
import { publishedCertificate } from "../controller/published-certificate.ts";
import { type FoundService, findService } from "../controller/service.ts";
import { serviceProxy } from "../controller/service-proxy.ts";
import { ClosedWay } from "../controller/way.ts";
import { type Check, type Looking, ok, unlessForbidden, wanting } from "./check.ts";

/** What looking at the controller found out for those that look further. */
export type FoundController = {
  checks: Check[];
  /** The ServiceAccount that its Pods run as; null where that is not known. */
  account: string | null;
};

const DAY_MS = 86_400_000;
/** A renewed certificate is there long before. */
const SOON_DAYS = 7;
const LEASE = "sealed-secrets-controller";
/** A leader that is late by so much is gone. */
const LATE_FACTOR = 3;

/** Looks at the controller: Service, Pods and their version, leader, certificate. */
export async function checkController(looking: Looking): Promise<FoundController> {
  const { namespace } = looking.search;
  const { service, checks } = await checkService(looking);
  const pods = service === null ? null : await checkPods(looking, service);
  const lease = await checkLease(looking);
  const certificate = await checkCertificate(looking, service);
  const accounts = (pods?.pods ?? []).map((pod) => fieldOf(pod["spec"], "serviceAccountName"));
  const account = accounts.find((name) => typeof name === "string");
  return {
    checks: [...checks, ...(pods?.checks ?? []), ...lease, ...certificate],
    account: typeof account === "string" ? `system:serviceaccount:${namespace}:${account}` : null,
  };
}

async function checkService({
  client,
  search,
}: Looking): Promise<{ service: FoundService | null; checks: Check[] }> {
  const about = "service";
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
async function checkPods({ client }: Looking, service: FoundService): Promise<FoundPods> {
  const { namespace, name } = service;
  const pods: KubeObject[] = [];
  const checks = await unlessForbidden(
    "pods",
    `list endpointslices and get pods in ${namespace}`,
    async () => {
      const query = { labelSelector: `kubernetes.io/service-name=${name}` };
      const slices = await client.request({ method: "GET", path: endpointSlicePath(namespace), query });
      const endpoints = listIn(slices, "items").flatMap((slice) => listIn(slice, "endpoints"));
      const ready = endpoints.filter(
        (endpoint) => fieldOf(fieldOf(endpoint, "conditions"), "ready") !== false,
      );
      if (ready.length === 0) {
        const next = `kubectl -n ${namespace} get pods, and the log of those that are not ready`;
        return [
          wanting(
            "fail",
            "pods",
            `no ready Pod stands behind the Service (${endpoints.length} in all)`,
            next,
          ),
        ];
      }
      for (const endpoint of ready) {
        const pod = fieldOf(fieldOf(endpoint, "targetRef"), "name");
        if (typeof pod !== "string") continue;
        const found = await unlessGone(
          client.request({ method: "GET", path: corePath("pods", namespace, pod) }),
        );
        if (found !== null) pods.push(found);
      }
      return [ok("pods", `${ready.length} ready`), ...pods.slice(0, 1).flatMap(checkVersion)];
    },
  );
  return { checks, pods };
}

/** By the image's tag, as a digest tells nobody a version. */
function checkVersion(pod: KubeObject): Check[] {
  const about = "version";
  const images = listIn(pod["spec"], "containers").map((container) => fieldOf(container, "image"));
  const image =
    images.find((one) => typeof one === "string" && /signet|sealed-secrets/.test(one)) ?? images[0];
  const [, path = "", tag] = /^(.*?)(?::([\w.-]+))?(?:@.*)?$/.exec(String(image ?? "")) ?? [];
  if (/(?:^|\/)sealed-secrets-controller$/.test(path) && !path.includes("signet")) {
    const next = "docs/compatibility.md says what it does not have";
    return [wanting("warn", about, `the controller is the reference's (${tag ?? "no tag"})`, next)];
  }
  if (tag === undefined)
    return [{ level: "unknown", about, found: "not known: its image has no tag", next: null }];
  if (tag.replace(/^v/, "") === version) return [ok(about, `${version}, as this program`)];
  return [
    wanting(
      "warn",
      about,
      `the controller's image is ${tag}, and this program ${version}`,
      "run the same version of both",
    ),
  ];
}

function checkLease({ client, search, now }: Looking): Promise<Check[]> {
  const about = "leader";
  const { namespace } = search;
  return unlessForbidden(about, `get the Lease ${namespace}/${LEASE}`, async () => {
    const lease = await unlessGone(client.request({ method: "GET", path: leasePath(namespace, LEASE) }));
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

async function checkCertificate(looking: Looking, service: FoundService | null): Promise<Check[]> {
  const served = service === null ? null : await servedCertificate(looking, service);
  const published = await publishedOne(looking);
  const checks = [...(served?.checks ?? []), ...published.checks];
  const one = served?.certificate ?? published.certificate;
  if (one === null) return checks;
  if (
    served?.certificate &&
    published.certificate &&
    served.certificate.digest !== published.certificate.digest
  ) {
    const found = `the controller serves ${served.certificate.fingerprint}, and the ConfigMap has ${published.certificate.fingerprint}`;
    const next = "look into the controller's log: it may write that ConfigMap, and nobody else should";
    checks.push(wanting("fail", "certificate", found, next));
  }
  return [...checks, checkValidity(one, looking.now)];
}

type FoundOne = { certificate: Certificate | null; checks: Check[] };

async function servedCertificate({ client, search }: Looking, service: FoundService): Promise<FoundOne> {
  const about = "endpoint";
  const question = {
    method: "GET",
    path: "/v1/cert.pem",
    accept: "*/*",
    timeoutMs: search.timeoutMs,
  } as const;
  try {
    const { status, body, source } = await serviceProxy(client as KubeClient, service).ask(question);
    if (status !== 200) {
      const found = `${source} answered ${status} when asked for its certificate`;
      return {
        certificate: null,
        checks: [wanting("fail", about, found, "see that the Service is the controller's")],
      };
    }
    const certificate = readCertificate(new TextDecoder().decode(body));
    return { certificate, checks: [ok(about, `${source} serves its certificate`)] };
  } catch (error) {
    if (error instanceof ClosedWay) {
      const found = `the API server does not lead to it: ${error.message}; signet looks for other ways then`;
      return { certificate: null, checks: [wanting("warn", about, found, error.remedy)] };
    }
    if (!(error instanceof SealError) || error.code === "kube-unreachable") throw error;
    const found = `what the Service serves ${error.message}`;
    return {
      certificate: null,
      checks: [wanting("fail", about, found, "see that the Service is the controller's")],
    };
  }
}

async function publishedOne({ client, search }: Looking): Promise<FoundOne> {
  const about = "published";
  const { namespace, timeoutMs } = search;
  const name = `ConfigMap ${namespace}/sealed-secrets-certificate`;
  try {
    const certificate = readCertificate(
      await publishedCertificate(client as KubeClient, namespace, timeoutMs),
    );
    return { certificate, checks: [ok(about, `${name} has the certificate`)] };
  } catch (error) {
    if (error instanceof ClosedWay)
      return {
        certificate: null,
        checks: [wanting("warn", about, `${name}: ${error.message}`, error.remedy)],
      };
    if (!(error instanceof SealError) || error.code === "kube-unreachable") throw error;
    const next = error instanceof KubeApiError ? error.hint : "look who writes it";
    return { certificate: null, checks: [wanting("fail", about, `${name} ${error.message}`, next)] };
  }
}

function checkValidity({ fingerprint, notAfter }: Certificate, now: Date): Check {
  const about = "certificate";
  const days = Math.floor((notAfter.getTime() - now.getTime()) / DAY_MS);
  const until = notAfter.toISOString().slice(0, 10);
  const next = "see why no key was renewed: the controller's log and its option --key-renew-period";
  if (days < 0)
    return wanting("fail", about, `${fingerprint} has expired on ${until}: nothing can be sealed`, next);
  if (days < SOON_DAYS) return wanting("warn", about, `${fingerprint} expires on ${until}`, next);
  return ok(about, `${fingerprint}, until ${until}`);
}

function fieldOf(value: unknown, field: string): unknown {
  const isMap = typeof value === "object" && value !== null && Object.hasOwn(value, field);
  return isMap ? (value as Record<string, unknown>)[field] : undefined;
}

function listIn(value: unknown, field: string): unknown[] {
  const list = fieldOf(value, field);
  return Array.isArray(list) ? list : [];
}
