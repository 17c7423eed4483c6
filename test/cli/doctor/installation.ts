import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Looking } from "../../../cli/doctor/check.ts";
import { utf8 } from "../../../shared/bytes.ts";
import { KubeApiError } from "../../../shared/kube/api-error.ts";
import type { KubeObject, KubeRequest, RawAnswer } from "../../../shared/kube/client.ts";
import { requestWords } from "../../../shared/kube/request-words.ts";
import { version } from "../../../shared/version.ts";

/** The moment that installations are looked at. */
export const NOW = new Date("2030-06-01T00:00:00Z");
export const NAMESPACE = "kube-system";
export const NAME = "sealed-secrets-controller";
export const ACCOUNT = `system:serviceaccount:${NAMESPACE}:signet`;

const core = `/api/v1/namespaces/${NAMESPACE}`;
/** Paths of an installation. */
export const PATHS = {
  definition: "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/sealedsecrets.bitnami.com",
  service: `${core}/services/${NAME}`,
  slices: `/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices`,
  endpoints: `${core}/endpoints/${NAME}`,
  pod: `${core}/pods/signet-0`,
  lease: `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/${NAME}`,
  configMap: `${core}/configmaps/sealed-secrets-certificate`,
  secrets: `${core}/secrets`,
  sealedSecrets: "/apis/bitnami.com/v1alpha1/sealedsecrets",
} as const;

/** The definition that this version brings. */
export function definition(): KubeObject {
  return parse(
    readFileSync(join(import.meta.dirname, "../../../crds/sealedsecrets.yaml"), "utf8"),
  ) as KubeObject;
}

/** A Secret with a sealing key's certificate. */
export function keySecret(
  name: string,
  certificatePem: string,
  annotations: Record<string, string> = { "signet.dev/backup-confirmed": "2030-01-01T00:00:00Z age1x" },
  more: { label?: string; keyText?: string } = {},
): object {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  return {
    metadata: {
      name,
      namespace: NAMESPACE,
      annotations,
      labels: { "sealedsecrets.bitnami.com/sealed-secrets-key": more.label ?? "active" },
    },
    data: { "tls.crt": base64(certificatePem), "tls.key": base64(more.keyText ?? "a private key") },
  };
}

/** An installation in which all is right, with these answers in the place of some: an object, or a status. */
export type Installed = {
  certificatePem: string;
  answers?: Partial<Record<keyof typeof PATHS, object | number>>;
  /** What the Service proxy answers; the certificate when not given. */
  endpoint?: { status: number; body?: string };
  /** Reviews that are denied, as `self get services/proxy`, `list secrets kube-system`. */
  denied?: (right: string) => boolean;
};

/** What it is looked at with, what was asked, and how long an answer was waited for. */
export function installation({ certificatePem, answers = {}, endpoint, denied = () => false }: Installed) {
  const asked: string[] = [];
  const waits = new Set<number | undefined>();
  const all: Record<keyof typeof PATHS, object | number> = {
    definition: definition(),
    service: { metadata: { name: NAME }, spec: { ports: [{ name: "http", port: 8080 }] } },
    slices: {
      items: [{ endpoints: [{ conditions: { ready: true }, targetRef: { kind: "Pod", name: "signet-0" } }] }],
    },
    endpoints: 404,
    pod: { spec: { serviceAccountName: "signet", containers: [{ image: `example.com/signet:${version}` }] } },
    lease: { spec: { holderIdentity: "signet-0", leaseDurationSeconds: 15, renewTime: NOW.toISOString() } },
    configMap: {
      metadata: { annotations: { "signet.dev/key-order-priority": "CertNotBefore" } },
      data: { "cert.pem": certificatePem },
    },
    secrets: { items: [keySecret("one", certificatePem)] },
    sealedSecrets: { items: [] },
    ...answers,
  };
  const byPath = new Map<string, object | number>(
    Object.entries(PATHS).map(([name, path]) => [path, all[name as keyof typeof PATHS]]),
  );
  const request = async (question: KubeRequest): Promise<KubeObject> => {
    const review = /\/(self)?subjectaccessreviews$/.exec(question.path);
    asked.push(`${question.method} ${question.path}`);
    waits.add(question.timeoutMs);
    const answer = review === null ? (byPath.get(question.path) ?? 404) : judged(question.body, denied);
    if (typeof answer === "object") return { metadata: {}, ...structuredClone(answer) };
    throw new KubeApiError({
      request: requestWords(question),
      status: answer,
      reason: "",
      retryAfterSeconds: null,
      fields: [],
    });
  };
  const raw = async ({ path, timeoutMs }: KubeRequest): Promise<RawAnswer> => {
    asked.push(`GET ${path}`);
    waits.add(timeoutMs);
    const { status, body = certificatePem } = endpoint ?? { status: 200 };
    return { status, body: utf8(body), contentType: "text/plain", retryAfterSeconds: null };
  };
  const looking: Looking = {
    client: { server: "https://cluster.example", request, raw },
    search: { namespace: NAMESPACE, name: NAME, nameGiven: false, timeoutMs: null },
    now: NOW,
  };
  return { looking, asked, waits };
}

type Review = {
  spec: {
    user?: string;
    resourceAttributes: { verb: string; resource: string; subresource?: string; namespace?: string };
  };
};

function judged(body: unknown, denied: (right: string) => boolean): object {
  const { user, resourceAttributes } = (body as Review).spec;
  const { verb, resource, subresource, namespace } = resourceAttributes;
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  const right = [user === undefined ? "self" : null, verb, what, namespace ?? "*"]
    .filter((part) => part !== null)
    .join(" ");
  return { status: { allowed: !denied(right) } };
}
