import type { IncomingMessage, ServerResponse } from "node:http";
import type { Access } from "./access.ts";
import type { ApiObject } from "./api-object.ts";
import { isJsonObject, partialObjectMetadata } from "./api-object.ts";
import type { ApiStatus } from "./api-status.ts";
import {
  badRequest,
  invalid,
  methodNotAllowed,
  notFound,
  resourceVersionTooLarge,
  unknownResource,
  unsupportedMediaType,
  unsupportedValue,
} from "./api-status.ts";
import { discover } from "./discovery.ts";
import type { ListOptions } from "./list.ts";
import { askedRevision, listObjects, parseListOptions } from "./list.ts";
import { negotiate } from "./negotiation.ts";
import type { WriteContext, WriteTarget } from "./object-writes.ts";
import { createObject, deleteObject, parseDeleteOptions, updateObject } from "./object-writes.ts";
import { patchOf } from "./patch.ts";
import type { ApiPath } from "./path.ts";
import { parsePath } from "./path.ts";
import type { ResourceCatalog } from "./resources.ts";
import { resourceKey } from "./resources.ts";
import type { ServiceProxy } from "./service-proxy.ts";
import { objectKey } from "./store.ts";
import type { WatchHub } from "./watch.ts";

/** What a request is served from. */
export interface ApiServerParts extends WriteContext {
  catalog: ResourceCatalog;
  access: Access;
  watches: WatchHub;
  proxy: ServiceProxy;
  watchList: boolean;
  /** How long a read waits for a revision that is still to come, before it is refused. */
  futureRevisionWaitMs: number;
}

/** One request, its body read. */
export interface ApiRequest {
  request: IncomingMessage;
  response: ServerResponse;
  method: string;
  url: URL;
  body: Buffer;
}

const verbs: Record<string, { one: string; many: string }> = {
  GET: { one: "get", many: "list" },
  POST: { one: "create", many: "create" },
  PUT: { one: "update", many: "update" },
  PATCH: { one: "patch", many: "patch" },
  DELETE: { one: "delete", many: "deletecollection" },
};

/** Sends JSON. */
export function sendJson(response: ServerResponse, code: number, body: unknown): void {
  const text = Buffer.from(`${JSON.stringify(body)}\n`);
  response.writeHead(code, { "content-type": "application/json", "content-length": text.length });
  response.end(text);
}

function sendText(response: ServerResponse, code: number, text: string): void {
  response.writeHead(code, { "content-type": "text/plain; charset=utf-8" });
  response.end(text);
}

const contentTypeOf = (request: IncomingMessage): string =>
  (request.headers["content-type"] ?? "application/json").split(";")[0]?.trim() ?? "";

function parseJson(body: Buffer, problem: string): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw badRequest(`${problem}: json parse error`);
  }
}

/** The resources part of the API: everything under /api and /apis, with discovery and health beside it. */
export class ApiServer {
  readonly #parts: ApiServerParts;

  constructor(parts: ApiServerParts) {
    this.#parts = parts;
  }

  /**
   * Serves one request.
   *
   * @param user who asks
   * @throws ApiError with the answer to send
   */
  async serve(api: ApiRequest, user: string): Promise<void> {
    const { catalog, access } = this.#parts;
    const { method, url, response } = api;
    const found = discover(url.pathname, catalog);
    if (found !== null && method === "GET") {
      if (typeof found === "string") sendText(response, 200, found);
      else sendJson(response, 200, found);
      return;
    }
    const path = parsePath(url.pathname, catalog);
    if (path === null) {
      sendText(response, 404, "404 page not found\n");
      return;
    }
    const { resource, namespace, name, subresource } = path;
    if (resource === null) throw unknownResource();
    const verb = verbs[method];
    if (verb === undefined) throw methodNotAllowed();
    const isWatch = ["1", "true"].includes(url.searchParams.get("watch") ?? "");
    access.require({
      user,
      verb: name === "" ? (isWatch && method === "GET" ? "watch" : verb.many) : verb.one,
      group: resource.group,
      resource: subresource === "" ? resource.plural : `${resource.plural}/${subresource}`,
      namespace,
      name,
    });
    if (resource.plural === "services" && subresource === "proxy" && namespace !== undefined) {
      const rest = path.rest + url.search;
      await this.#parts.proxy.forward(api.request, api.body, response, namespace, name, rest);
      return;
    }
    if (subresource !== "" && !(subresource === "status" && resource.status)) throw unknownResource();
    if (resource.namespaced && namespace === undefined && (name !== "" || method !== "GET"))
      throw methodNotAllowed();
    const target = this.#target(path, resource, url.searchParams);
    if (name === "") await this.#serveCollection(api, target);
    else await this.#serveObject(api, target, name, subresource === "status");
  }

  #target(path: ApiPath, resource: WriteTarget["resource"], query: URLSearchParams): WriteTarget {
    const dryRun = query.get("dryRun");
    if (dryRun !== null && dryRun !== "All")
      throw invalid("meta.k8s.io", "CreateOptions", "", [unsupportedValue("dryRun", [dryRun], ["All"])]);
    return {
      resource,
      namespace: path.namespace,
      dryRun: dryRun === "All",
      strict: query.get("fieldValidation") === "Strict",
    };
  }

  async #serveCollection(api: ApiRequest, target: WriteTarget): Promise<void> {
    const { method, url, response, request } = api;
    const { watchList, store, watches } = this.#parts;
    if (method === "POST") {
      const body = this.#body(api, target);
      this.#answer(api, 201, createObject(this.#parts, target, body).object);
      return;
    }
    if (method !== "GET" && method !== "DELETE") throw methodNotAllowed();
    const options = parseListOptions(target.resource, target.namespace, url.searchParams, watchList);
    const representation = negotiate(request.headers.accept, method === "GET" && !options.watch);
    const present = representation === "metadata" ? partialObjectMetadata : (object: ApiObject) => object;
    if (method === "DELETE") {
      this.#deleteCollection(api, target, options);
    } else if (options.watch) {
      watches.open(options, response, present);
    } else {
      if (options.continueToken === "") await this.#untilRevision(options.resourceVersion);
      const list = listObjects(store, options);
      sendJson(response, 200, representation === "metadata" ? metadataList(list) : list);
    }
  }

  #deleteCollection(api: ApiRequest, target: WriteTarget, options: ListOptions): void {
    const { store } = this.#parts;
    const deleteOptions = parseDeleteOptions(this.#optionalBody(api), api.url.searchParams);
    const list = listObjects(store, options);
    for (const item of list["items"] as ApiObject[])
      deleteObject(this.#parts, target, item.metadata.name ?? "", deleteOptions);
    sendJson(api.response, 200, list);
  }

  async #serveObject(api: ApiRequest, target: WriteTarget, name: string, ofStatus: boolean): Promise<void> {
    const { method, url, request } = api;
    const { store } = this.#parts;
    const { resource, namespace } = target;
    if (method === "GET") {
      await this.#untilRevision(url.searchParams.get("resourceVersion") ?? "");
      const found = store.get(resourceKey(resource), objectKey(namespace, name));
      if (found === null) throw notFound(resource, name);
      this.#answer(api, 200, found);
    } else if (method === "PUT") {
      const body = this.#body(api, target);
      const change = { compute: () => body, precondition: true };
      const { object, created } = updateObject(this.#parts, target, name, change, ofStatus);
      this.#answer(api, created ? 201 : 200, object);
    } else if (method === "PATCH") {
      const patch = patchOf(contentTypeOf(request));
      const body = parseJson(api.body, "error decoding patch");
      const change = { compute: (stored: ApiObject) => patch(stored, body), precondition: false };
      this.#answer(api, 200, updateObject(this.#parts, target, name, change, ofStatus).object);
    } else if (method === "DELETE" && !ofStatus) {
      const options = parseDeleteOptions(this.#optionalBody(api), url.searchParams);
      const answer = deleteObject(this.#parts, target, name, options);
      if (answer.kind === "Status") sendJson(api.response, 200, answer);
      else this.#answer(api, 200, answer);
    } else {
      throw methodNotAllowed();
    }
  }

  /** @throws ApiError 504 once the wait for a future revision is over */
  async #untilRevision(resourceVersion: string): Promise<void> {
    const { store, futureRevisionWaitMs } = this.#parts;
    const asked = askedRevision(resourceVersion);
    if (asked === null || asked <= store.revision) return;
    const reached = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => done(false), futureRevisionWaitMs);
      const unsubscribe = store.subscribe(({ revision }) => {
        if (revision >= asked) done(true);
      });
      const done = (result: boolean): void => {
        clearTimeout(timer);
        unsubscribe();
        resolve(result);
      };
    });
    if (!reached) throw resourceVersionTooLarge(asked, store.revision);
  }

  #body({ request, body }: ApiRequest, { resource }: WriteTarget): unknown {
    if (contentTypeOf(request) !== "application/json") throw unsupportedMediaType(["application/json"]);
    const problem = `the object provided is unrecognized (must be of type ${resource.kind}): couldn't get version/kind`;
    return parseJson(body, problem);
  }

  #optionalBody({ body }: ApiRequest): unknown {
    return body.length === 0 ? undefined : parseJson(body, "couldn't read the options of the deletion");
  }

  #answer({ request, response }: ApiRequest, code: number, object: ApiObject | ApiStatus): void {
    const representation = negotiate(request.headers.accept, false);
    sendJson(
      response,
      code,
      representation === "metadata" ? partialObjectMetadata(object as ApiObject) : object,
    );
  }
}

function metadataList(list: ApiObject): ApiObject {
  const items = (list["items"] as ApiObject[]).filter(isJsonObject) as ApiObject[];
  return {
    ...list,
    kind: "PartialObjectMetadataList",
    apiVersion: "meta.k8s.io/v1",
    items: items.map(partialObjectMetadata),
  };
}
