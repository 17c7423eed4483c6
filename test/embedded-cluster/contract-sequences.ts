import fc from "fast-check";
import type { ApiObject } from "./api-object.ts";
import type { Scene } from "./contract-scene.ts";
import { nextEvent, watching } from "./contract-scene.ts";

/** One request of a sequence; which resourceVersion and uid it carries is told only when it is sent. */
export interface Step {
  method: "GET" | "LIST" | "POST" | "PUT" | "PUT status" | "PATCH" | "DELETE";
  resource: "secrets" | "configmaps" | "leases" | "sealedsecrets";
  name: string;
  version: "none" | "current" | "stale";
  uid: "none" | "current" | "other";
  metadata: object;
  content: object;
  query: string;
}

const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(value, { nil: undefined, freq: 2 });

const metadata = fc.record(
  {
    labels: maybe(fc.constantFrom({ x: "1" }, { x: "2", y: "" }, {}, { x: "b c" }, null)),
    annotations: maybe(fc.constantFrom({ a: "b" }, { "example.com/a": "b" }, { "a/b/c": "d" })),
    finalizers: maybe(fc.constantFrom(["example.com/hold"], ["example.com/hold", "example.com/more"], [])),
    generateName: maybe(fc.constantFrom("g-", "h-")),
    generation: maybe(fc.constantFrom(7)),
    creationTimestamp: maybe(fc.constantFrom(null, "2001-01-01T00:00:00Z")),
  },
  { requiredKeys: [] },
);

const contents: Record<Step["resource"], fc.Arbitrary<object>> = {
  secrets: fc.record(
    {
      data: maybe(
        fc.constantFrom({ k: "dg==" }, { k: "dw==" }, { k: null }, {}, { k: "?" }, { "a b": "" }, { k: 3 }),
      ),
      stringData: maybe(fc.constantFrom({ k: "v" }, { l: "ü" }, {}, null)),
      type: maybe(fc.constantFrom("Opaque", "example.com/t", "kubernetes.io/tls", "")),
      immutable: maybe(fc.constantFrom(true, false, null)),
      unknown: maybe(fc.constant(1)),
    },
    { requiredKeys: [] },
  ),
  configmaps: fc.record(
    {
      data: maybe(fc.constantFrom({ k: "v" }, { k: "w" }, {}, { "a b": "" }, { k: 3 })),
      binaryData: maybe(fc.constantFrom({ b: "dg==" }, { b: "?" })),
      immutable: maybe(fc.constantFrom(true, false)),
    },
    { requiredKeys: [] },
  ),
  leases: fc.record({
    spec: fc.record(
      {
        holderIdentity: maybe(fc.constantFrom("me", "you", "")),
        leaseDurationSeconds: maybe(fc.constantFrom(15, 0, -1)),
        renewTime: maybe(fc.constantFrom("2026-01-01T00:00:00.000000Z", "2026-01-01T00:00:00.123Z")),
        leaseTransitions: maybe(fc.constantFrom(0, 1, -1)),
      },
      { requiredKeys: [] },
    ),
  }),
  sealedsecrets: fc.record(
    {
      spec: maybe(
        fc.constantFrom(
          { encryptedData: {} },
          { encryptedData: { k: "v" } },
          { encryptedData: { k: null } },
          { encryptedData: { k: 3 } },
          { template: {} },
          { encryptedData: {}, unknown: 1, template: { data: { k: null }, type: null } },
        ),
      ),
      status: maybe(
        fc.constantFrom({ observedGeneration: 1 }, { observedGeneration: "1" }, { unknown: 1 }, {}),
      ),
      unknown: maybe(fc.constant(1)),
    },
    { requiredKeys: [] },
  ),
};

const step: fc.Arbitrary<Step> = fc
  .constantFrom<Step["resource"]>("secrets", "configmaps", "leases", "sealedsecrets")
  .chain((resource) =>
    fc.record({
      method: fc.constantFrom<Step["method"]>(
        "GET",
        "LIST",
        "POST",
        "POST",
        "PUT",
        "PUT",
        "PUT",
        resource === "sealedsecrets" ? "PUT status" : "PUT",
        "PATCH",
        "PATCH",
        "DELETE",
      ),
      resource: fc.constant(resource),
      name: fc.constantFrom("a", "a", "a", "b", "B_"),
      version: fc.constantFrom("none", "current", "current", "stale"),
      uid: fc.constantFrom("none", "none", "none", "current", "other"),
      metadata,
      content: contents[resource],
      query: fc.constantFrom(
        "",
        "",
        "limit=1",
        "labelSelector=x",
        "labelSelector=x+notin+(1)",
        "fieldSelector=metadata.name!=a",
      ),
    }),
  );

/** Sequences of requests, good and bad, about a few objects. */
export const steps: fc.Arbitrary<Step[]> = fc.array(step, { minLength: 4, maxLength: 14 });

const apiVersions = {
  secrets: "v1",
  configmaps: "v1",
  leases: "coordination.k8s.io/v1",
  sealedsecrets: "bitnami.com/v1alpha1",
};
const kinds = { secrets: "Secret", configmaps: "ConfigMap", leases: "Lease", sealedsecrets: "SealedSecret" };

function pathOf({ namespace }: Scene, resource: Step["resource"]): string {
  const version = apiVersions[resource];
  return `/${version === "v1" ? "api" : "apis"}/${version}/namespaces/${namespace}/${resource}`;
}

/** Takes out what two servers cannot agree on: uids, revisions and times become their order of appearance. */
class Likeness {
  readonly #seen = new Map<string, string[]>();

  of(value: unknown): unknown {
    if (typeof value === "string") return this.#ofText(value);
    if (Array.isArray(value)) return value.map((one) => this.of(one));
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).filter(([field]) => field !== "managedFields");
    // Updates of some kinds are judged in several places, each of which names the same cause again.
    const ofCauses = (causes: unknown): unknown =>
      Array.isArray(causes) ? [...new Set(causes.map((cause) => JSON.stringify(this.of(cause))))] : causes;
    return Object.fromEntries(
      entries.map(([field, one]) => {
        if (field === "resourceVersion") return [field, this.#label("rv", String(one))];
        return [field, field === "causes" ? ofCauses(one) : this.of(one)];
      }),
    );
  }

  #ofText(text: string): string {
    return (
      text
        .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (uid) => this.#label("uid", uid))
        .replace(/(?<=in record \()\d+/g, (version) => this.#label("rv", version))
        // A patch that cannot be decoded comes back whole, with the managedFields that only one of them has.
        .replace(/(?<=patch: Invalid value: |^Invalid value: )"\{.*\}"/, "the object")
        .replace(/^20[2-9]\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, "now")
    );
  }

  #label(kind: string, value: string): string {
    const known = this.#seen.get(kind) ?? [];
    this.#seen.set(kind, known);
    if (!known.includes(value)) known.push(value);
    return `${kind}-${known.indexOf(value)}`;
  }
}

async function send(scene: Scene, step: Step, likeness: Likeness): Promise<unknown> {
  const { method, resource, name, content } = step;
  const collection = pathOf(scene, resource);
  const stored = (await scene.api.request("GET", `${collection}/${name}`)).body as ApiObject;
  const { resourceVersion, uid } = stored.kind === "Status" ? {} : stored.metadata;
  const versions = { none: undefined, current: resourceVersion, stale: "1" };
  const uids = { none: undefined, current: uid, other: "11111111-1111-4111-8111-111111111111" };
  if (method === "LIST") {
    const { status, body } = await scene.api.request("GET", `${collection}?${step.query}`);
    // The revision of a list counts the whole server's writes, and so does its token.
    const { metadata: listed, ...rest } = body as ApiObject;
    const more = ((listed as Record<string, unknown>)["continue"] ?? "") !== "";
    return likeness.of([status, more, rest]);
  }
  const metadata = { ...step.metadata, name, resourceVersion: versions[step.version], uid: uids[step.uid] };
  const object = { apiVersion: apiVersions[resource], kind: kinds[resource], metadata, ...content };
  const path =
    method === "POST" ? collection : `${collection}/${name}${method === "PUT status" ? "/status" : ""}`;
  const preconditions = { uid: uids[step.uid], resourceVersion: versions[step.version] };
  const body =
    method === "GET"
      ? undefined
      : method === "DELETE"
        ? { preconditions }
        : method === "PATCH"
          ? { metadata: step.metadata, ...content }
          : object;
  const headers = method === "PATCH" ? { "content-type": "application/merge-patch+json" } : {};
  const answer = await scene.api.request(method.split(" ")[0] ?? "", path, body, headers);
  return likeness.of([answer.status, answer.body]);
}

/** Plays a sequence. @returns each answer, then each event that a watch of the resources saw */
export async function play(scene: Scene, sequence: Step[]): Promise<unknown[]> {
  const likeness = new Likeness();
  const begin = ((await scene.api.request("GET", scene.secrets)).body as ApiObject).metadata.resourceVersion;
  const seen: unknown[] = [];
  for (const step of sequence) seen.push(await send(scene, step, likeness));
  for (const resource of ["secrets", "sealedsecrets"] as const) {
    const collection = pathOf(scene, resource);
    const last = {
      apiVersion: apiVersions[resource],
      kind: kinds[resource],
      metadata: { name: "last" },
      spec: { encryptedData: {} },
    };
    await scene.api.request("POST", collection, last);
    await watching(scene, `${collection}?watch=true&resourceVersion=${begin}`, async (reader) => {
      for (
        let event = await nextEvent(reader);
        event.object.metadata.name !== "last";
        event = await nextEvent(reader)
      )
        seen.push(likeness.of(event));
    });
  }
  return seen;
}
