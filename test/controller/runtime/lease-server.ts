import { KubeApiError } from "../../../shared/kube/api-error.ts";
import type { KubeObject, KubeRequest } from "../../../shared/kube/client.ts";
import type { FakeClock } from "../../support/fake-clock.ts";

/** What goes wrong with a request; the first that fits strikes. */
export type LeaseFault = {
  from?: string;
  method?: KubeRequest["method"];
  /** How often; for ever by default. */
  times?: number;
  /** Refused with this status. */
  status?: number;
  retryAfterSeconds?: number;
  /** Until the server sees it. */
  delayMs?: number;
  /** From then until the answer is there. */
  answerDelayMs?: number;
  /** Never arrives, or is served but never answered. */
  lost?: "request" | "answer";
  /** Told when it strikes, before the request is served. */
  then?: () => void;
};

/** One request as the server saw it. */
export type SeenRequest = {
  from: string;
  method: string;
  atMs: number;
  body: KubeObject | null;
  status: number;
};

const PATH = "/apis/coordination.k8s.io/v1/namespaces/ns/leases";
const MICRO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

/** One Lease, `lease` in namespace `ns`, behind the rules of the real API server, at the pace of a fake clock. */
export class LeaseServer {
  readonly #clock: FakeClock;
  readonly #faults: LeaseFault[] = [];
  readonly requests: SeenRequest[] = [];
  #lease: KubeObject | null = null;
  #revision = 0;

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  /** As stored; null where there is none. */
  get lease(): KubeObject | null {
    return structuredClone(this.#lease);
  }

  /** @throws Error where there is none. */
  get spec(): Record<string, unknown> {
    return (this.#stored["spec"] ?? {}) as Record<string, unknown>;
  }

  get annotations(): Record<string, string> {
    return this.#stored.metadata.annotations ?? {};
  }

  get #stored(): KubeObject {
    if (this.#lease === null) throw new Error("there is no lease");
    return this.#lease;
  }

  /** @returns what takes it away. */
  fault(fault: LeaseFault): () => void {
    const added = { ...fault };
    this.#faults.push(added);
    return () => {
      const at = this.#faults.indexOf(added);
      if (at >= 0) this.#faults.splice(at, 1);
    };
  }

  /** Somebody changes the lease by hand. */
  edit(spec: Record<string, unknown> | null, annotations: Record<string, string> = {}): void {
    const { metadata, ...rest } = this.#stored;
    this.#store({
      ...rest,
      metadata: { ...metadata, annotations: { ...metadata.annotations, ...annotations } },
      spec: spec === null ? null : { ...this.spec, ...spec },
    });
  }

  /** Somebody puts a lease there, with just this spec. */
  put(spec: unknown): void {
    this.#store({ metadata: { namespace: "ns", name: "lease", uid: `uid-${this.#revision}` }, spec });
  }

  /** Somebody deletes it. */
  remove(): void {
    this.#lease = null;
  }

  /** A client by which `from` asks. An aborted request may still arrive, as on a real network. */
  client(from: string): {
    readonly server: string;
    request(request: KubeRequest): Promise<KubeObject>;
  } {
    return {
      server: "https://api",
      request: async (request) => {
        const { signal } = request;
        signal?.throwIfAborted();
        const aborted = Promise.withResolvers<never>();
        const onAbort = () => aborted.reject(signal?.reason);
        signal?.addEventListener("abort", onAbort, { once: true });
        try {
          const answer = this.#travel(from, structuredClone({ ...request, signal: undefined }));
          answer.catch(() => undefined);
          return await Promise.race([answer, aborted.promise]);
        } finally {
          signal?.removeEventListener("abort", onAbort);
        }
      },
    };
  }

  async #travel(from: string, request: Omit<KubeRequest, "signal">): Promise<KubeObject> {
    const fault = this.#strike(from, request.method);
    if (fault?.lost === "request") return new Promise(() => undefined);
    if (fault?.delayMs !== undefined) await this.#clock.sleep(fault.delayMs);
    fault?.then?.();
    let answer: KubeObject | Error;
    try {
      answer = this.#serve(request, fault);
    } catch (error) {
      answer = error as Error;
    }
    const status = answer instanceof KubeApiError ? answer.status : 200;
    const body = (request.body ?? null) as KubeObject | null;
    this.requests.push({ from, method: request.method, atMs: this.#clock.monotonic(), body, status });
    if (fault?.lost === "answer") return new Promise(() => undefined);
    if (fault?.answerDelayMs !== undefined) await this.#clock.sleep(fault.answerDelayMs);
    if (answer instanceof Error) throw answer;
    return answer;
  }

  #strike(from: string, method: string): LeaseFault | null {
    const fault = this.#faults.find(
      (one) =>
        (one.from ?? from) === from && (one.method ?? method) === method && (one.times ?? Infinity) > 0,
    );
    if (fault?.times !== undefined) fault.times -= 1;
    return fault ?? null;
  }

  #serve({ method, path, body }: Omit<KubeRequest, "signal">, fault: LeaseFault | null): KubeObject {
    const refuse = (status: number, reason: string): never => {
      const retryAfterSeconds = fault?.retryAfterSeconds ?? null;
      throw new KubeApiError({ request: `${method} lease`, status, reason, retryAfterSeconds, fields: [] });
    };
    if (fault?.status !== undefined) refuse(fault.status, "Told");
    if (path !== (method === "POST" ? PATH : `${PATH}/lease`)) refuse(404, "NotFound");
    if (method === "GET") return this.lease ?? refuse(404, "NotFound");
    const given = structuredClone(body) as KubeObject;
    const { uid, resourceVersion, name, namespace } = given.metadata;
    if (name !== "lease" || namespace !== "ns" || given.kind !== "Lease") refuse(400, "BadRequest");
    const wrong = faultOf(given["spec"] as Record<string, unknown>);
    if (wrong !== null) refuse(wrong, "Invalid");
    if (method === "POST") {
      if (resourceVersion !== undefined || uid !== undefined) refuse(400, "BadRequest");
      if (this.#lease !== null) refuse(409, "AlreadyExists");
      given.metadata.uid = `uid-${this.#revision}`;
      return this.#store(given);
    }
    if (method !== "PUT") refuse(405, "MethodNotAllowed");
    if (resourceVersion === undefined) refuse(422, "Invalid");
    if (this.#lease?.metadata.uid !== uid || this.#lease?.metadata.resourceVersion !== resourceVersion)
      refuse(409, "Conflict");
    return this.#store(given);
  }

  #store(lease: KubeObject): KubeObject {
    this.#revision += 1;
    const metadata = { ...lease.metadata, resourceVersion: `${this.#revision}`, managedFields: [] };
    this.#lease = structuredClone({
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      ...lease,
      metadata,
    });
    return structuredClone(this.#lease);
  }
}

/** What the real API server refuses in a spec. */
function faultOf(spec: Record<string, unknown>): number | null {
  for (const field of ["acquireTime", "renewTime"])
    if (!MICRO_TIME.test(`${spec[field] ?? "2030-01-01T00:00:00.000000Z"}`)) return 400;
  const { leaseDurationSeconds = 1, leaseTransitions = 0, holderIdentity = "" } = spec;
  if (typeof holderIdentity !== "string") return 400;
  for (const count of [leaseDurationSeconds, leaseTransitions])
    if (!Number.isInteger(count) || Math.abs(count as number) >= 2 ** 31) return 400;
  return (leaseDurationSeconds as number) <= 0 || (leaseTransitions as number) < 0 ? 422 : null;
}
