import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import type { IncomingMessage, Server } from "node:http";
import { createServer, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { ForbidRule } from "./access.ts";
import { Access } from "./access.ts";
import type { ApiObject } from "./api-object.ts";
import { wholeSecondNow } from "./api-object.ts";
import { ApiServer, sendJson } from "./api-server.ts";
import { ApiError } from "./api-status.ts";
import { answerFault, Faults } from "./faults.ts";
import { GarbageCollector } from "./garbage-collection.ts";
import type { Validate } from "./object-writes.ts";
import { ResourceCatalog, resourceKey, resourceOfDefinition, sealedSecretResource } from "./resources.ts";
import { ServiceProxy } from "./service-proxy.ts";
import { Store } from "./store.ts";
import { StoredObjects } from "./stored-objects.ts";
import { WatchHub } from "./watch.ts";

export interface EmbeddedClusterOptions {
  /** Serve SealedSecrets without their definition having been applied. */
  sealedSecrets?: boolean;
  /** Judges every custom resource that is written. */
  validate?: Validate;
  /** Bearer token to user name. Without it, anyone may do everything. */
  tokens?: Record<string, string>;
  /** False refuses `sendInitialEvents`, as servers before 1.32 and 1.33 do. Default true. */
  watchList?: boolean;
  /** Default 60,000. */
  bookmarkIntervalMs?: number;
  /** From the loss of an owner to the deletion of what it owned. Default 20. */
  collectionDelayMs?: number;
  /** How long a read waits for a resourceVersion that is still to come. Default 3,000. */
  futureRevisionWaitMs?: number;
  /** Writes that watches can resume from, at least. Default 10,000. */
  historyLimit?: number;
}

/** One request as it came in. */
export interface RecordedRequest {
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  user: string;
  /** Milliseconds since the epoch. */
  at: number;
}

/** A Service whose requests through the API server's proxy go to a local server. */
export interface RegisteredService {
  namespace: string;
  name: string;
  /** `http://127.0.0.1:PORT` */
  target: string;
  /** Name of the Service's port; unnamed when not given. */
  portName?: string;
  /** Number of the Service's port. Default: the target's. */
  port?: number;
}

export interface EmbeddedCluster {
  readonly url: string;
  readonly store: StoredObjects;
  readonly faults: Faults;
  /** The requests so far, oldest first; the newest 10,000 are kept. */
  readonly requests: readonly RecordedRequest[];
  /** Open watches. */
  readonly watchCount: number;
  /** Refuses matching requests with 403. @returns a function that lifts the rule */
  forbid(rule: ForbidRule): () => void;
  /** Creates the Service, and its namespace if need be. @returns a function that takes the endpoint away */
  registerService(service: RegisteredService): () => void;
  /** Ends open watches; all, or those of one resource (`secrets`, `sealedsecrets.bitnami.com`). @returns how many */
  dropWatches(how?: "end" | "reset", resource?: string): number;
  sendBookmarks(): void;
  /** Forgets earlier revisions: watches and lists that ask for one get 410. */
  compact(): void;
  /** Writes a kubeconfig (mode 0600). @param token to authenticate with; default the first of `tokens` */
  kubeconfig(path: string, token?: string): Promise<string>;
  /** Ends all watches and connections. */
  stop(): Promise<void>;
}

const bodyLimitBytes = 3 * 1024 * 1024;
const recordedRequestLimit = 10_000;

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    // Read to its end even so: an answer before it would be lost with the connection.
    if (length <= bodyLimitBytes) chunks.push(chunk);
  }
  if (length > bodyLimitBytes)
    throw new ApiError(413, "RequestEntityTooLarge", `Request entity too large: limit is ${bodyLimitBytes}`);
  return Buffer.concat(chunks);
}

function seed(store: Store): void {
  for (const name of ["default", "kube-node-lease", "kube-public", "kube-system"])
    store.put("namespaces", `/${name}`, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: {
        name,
        uid: randomUUID(),
        creationTimestamp: wholeSecondNow(),
        labels: { "kubernetes.io/metadata.name": name },
      },
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" },
    });
}

/** Serves and withdraws resources as their definitions come and go; without its definition none of its objects stays. */
function followDefinitions(store: Store, catalog: ResourceCatalog): void {
  store.subscribe(({ resource: table, type, object }) => {
    if (table !== "customresourcedefinitions.apiextensions.k8s.io") return;
    const resource = resourceOfDefinition(object);
    if (resource === null) return;
    if (type !== "DELETED") {
      catalog.serve(resource);
      return;
    }
    const key = resourceKey(resource);
    for (const [one] of store.entries(key)) store.delete(key, one);
    catalog.withdraw(key);
  });
}

function kubeconfigText(url: string, token: string | undefined): string {
  return JSON.stringify(
    {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "embedded", cluster: { server: url } }],
      users: [{ name: "embedded", user: token === undefined ? {} : { token } }],
      contexts: [
        { name: "embedded", context: { cluster: "embedded", user: "embedded", namespace: "default" } },
      ],
      "current-context": "embedded",
    },
    null,
    2,
  );
}

/**
 * Starts a Kubernetes API server in this process and in memory, on a port of 127.0.0.1 that the system chooses.
 *
 * It answers as kube-apiserver does where Signet looks: resources, versions and conflicts, status and generation,
 * lists with pages, watches with bookmarks, finalizers, owner references, namespaces, the rules of Secrets, the
 * Service proxy, and the wording of refusals. contract.ts holds the behaviours that both servers are tested for.
 *
 * Not modelled: TLS; role-based access control (roles are stored; `forbid` refuses) and impersonation; admission;
 * `managedFields`, server-side apply and strategic merge patch (415); tables, YAML and protobuf; more than one served
 * version and conversion; of a definition's schema: CEL rules, defaults, formats and combinators; the controllers of
 * a cluster other than owner references and namespaces (no default ServiceAccount, no Endpoints, no Pods that run);
 * addresses of Services; TokenRequest and subresources other than status and proxy; upgrades through the proxy.
 */
export async function startEmbeddedCluster(options: EmbeddedClusterOptions = {}): Promise<EmbeddedCluster> {
  const store = new Store(options.historyLimit ?? 10_000);
  const catalog = new ResourceCatalog();
  const access = new Access(options.tokens ?? null);
  const watches = new WatchHub(store, options.bookmarkIntervalMs ?? 60_000);
  const proxy = new ServiceProxy(store);
  const faults = new Faults();
  const requests: RecordedRequest[] = [];
  const context = { store, validate: options.validate ?? null };
  if (options.sealedSecrets === true) catalog.serve(sealedSecretResource);
  seed(store);
  followDefinitions(store, catalog);
  const collector = new GarbageCollector(context, catalog, options.collectionDelayMs ?? 20);
  const stored = new StoredObjects(context, catalog);
  const api = new ApiServer({
    ...context,
    catalog,
    access,
    watches,
    proxy,
    watchList: options.watchList ?? true,
    futureRevisionWaitMs: options.futureRevisionWaitMs ?? 3_000,
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://embedded");
    const method = request.method ?? "GET";
    const record = { method, path: url.pathname, query: url.searchParams, user: "", at: Date.now() };
    requests.push(record);
    if (requests.length > recordedRequestLimit) requests.shift();
    const body = await readBody(request);
    const fault = faults.strike(method, url.pathname, url.search);
    if (fault?.delayMs !== undefined) await sleep(fault.delayMs, undefined, { ref: false });
    await fault?.heldUntil;
    if (fault !== null && fault.afterServing !== true && answerFault(fault, response)) return;
    const user = access.userOf(request.headers.authorization);
    record.user = user;
    if (fault?.afterServing === true) {
      // A response without a connection takes what would have been answered, a refusal included.
      const lost = new ServerResponse(request);
      await api.serve({ request, response: lost, method, url, body }, user).catch(() => {});
      if (!answerFault(fault, response)) response.destroy();
      return;
    }
    await api.serve({ request, response, method, url, body }, user);
  }

  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => answerError(response, error));
  });
  // As long as kube-apiserver keeps idle connections, so that clients meet the same.
  server.keepAliveTimeout = 90_000;
  await listen(server);
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    url,
    store: stored,
    faults,
    requests,
    get watchCount() {
      return watches.size;
    },
    forbid: (rule) => access.forbid(rule),
    registerService: (service) => {
      stored.ensureNamespace(service.namespace);
      stored.put(serviceObject(service));
      return proxy.register(service.namespace, service.name, service.target);
    },
    dropWatches: (how = "end", resource) => watches.drop(how, resource),
    sendBookmarks: () => watches.sendBookmarks(),
    compact: () => store.compact(),
    kubeconfig: async (path, token = Object.keys(options.tokens ?? {})[0]) => {
      await writeFile(path, kubeconfigText(url, token), { mode: 0o600 });
      return path;
    },
    stop: async () => {
      collector.stop();
      watches.stop();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}

function serviceObject({ namespace, name, target, portName, port }: RegisteredService): ApiObject {
  const number = port ?? Number(new URL(target).port);
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { namespace, name },
    spec: {
      type: "ClusterIP",
      ports: [
        {
          protocol: "TCP",
          port: number,
          targetPort: number,
          ...(portName === undefined ? {} : { name: portName }),
        },
      ],
    },
  };
}

function listen(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
}

/** A refusal goes out as its Status; anything else is a fault of this server, and says so. */
function answerError(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const refusal =
    error instanceof ApiError
      ? error
      : new ApiError(
          500,
          "InternalError",
          `Internal error occurred: ${error instanceof Error ? error.stack : ""}`,
        );
  if (refusal.code === 504) response.setHeader("retry-after", "1");
  sendJson(response, refusal.code, refusal.status);
}
