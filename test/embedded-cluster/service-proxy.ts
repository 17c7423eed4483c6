import type { IncomingMessage, ServerResponse } from "node:http";
import { request as httpRequest } from "node:http";
import type { ApiObject } from "./api-object.ts";
import { isJsonObject } from "./api-object.ts";
import { badRequest, notFound, serviceUnavailable } from "./api-status.ts";
import type { Store } from "./store.ts";
import { objectKey } from "./store.ts";

/** Headers of one hop; the rest of a request passes. The client's credentials never do. */
const notForwarded = [
  "host",
  "authorization",
  "connection",
  "transfer-encoding",
  "keep-alive",
  "upgrade",
  "expect",
];

interface ServicePort {
  name?: string;
  port: number;
}

/** What the path names: `NAME`, `NAME:PORT` or `SCHEME:NAME:PORT`. */
function parseServiceName(id: string): { name: string; port: string } {
  const parts = id.split(":");
  const [scheme, name, port] = parts.length === 3 ? parts : ["", ...parts];
  const isValid =
    parts.length <= 3 &&
    name !== undefined &&
    name !== "" &&
    (parts.length < 3 || /^https?$|^$/.test(scheme ?? ""));
  if (!isValid) throw badRequest(`invalid service request "${id}"`);
  return { name, port: port ?? "" };
}

function portsOf(service: ApiObject): ServicePort[] {
  const spec = isJsonObject(service["spec"]) ? service["spec"] : {};
  return Array.isArray(spec["ports"]) ? (spec["ports"] as ServicePort[]) : [];
}

/** Endpoints behind Services, and the way requests go to them. */
export class ServiceProxy {
  readonly #targets = new Map<string, string>();
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** @returns a function that takes the endpoint away; the Service stays. */
  register(namespace: string, name: string, target: string): () => void {
    const key = objectKey(namespace, name);
    this.#targets.set(key, target);
    return () => void this.#targets.delete(key);
  }

  /** @throws ApiError 400, 404, 503 */
  #targetOf(namespace: string, id: string): string {
    const { name, port } = parseServiceName(id);
    const service = this.#store.get("services", objectKey(namespace, name));
    if (service === null) throw notFound({ group: "", plural: "services" }, name);
    const ports = portsOf(service);
    if (port !== "" && !ports.some((one) => one.name === port || String(one.port) === port))
      throw serviceUnavailable(
        `no service port ${/^\d+$/.test(port) ? port : JSON.stringify(port)} found for service "${name}"`,
      );
    const target = this.#targets.get(objectKey(namespace, name));
    if (target === undefined) throw serviceUnavailable(`no endpoints available for service "${name}"`);
    return target;
  }

  /**
   * Passes a request on and the answer back.
   *
   * @param id the Service as the path names it
   * @param path what follows `/proxy`, with the query
   * @throws ApiError 400, 404, 503 before anything was sent
   */
  async forward(
    request: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
    namespace: string,
    id: string,
    path: string,
  ): Promise<void> {
    const url = new URL(path === "" ? "/" : path, this.#targetOf(namespace, id));
    const headers = Object.fromEntries(
      Object.entries(request.headers).filter(([name]) => !notForwarded.includes(name)),
    );
    const onward = httpRequest(url, { method: request.method ?? "GET", headers, agent: false });
    response.on("close", () => onward.destroy());
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      onward.on("response", resolve);
      onward.on("error", reject);
      onward.end(body);
    }).catch((error: Error) => {
      throw serviceUnavailable(`error trying to reach service: ${error.message}`);
    });
    const { connection: _connection, "keep-alive": _keepAlive, ...passed } = answer.headers;
    response.writeHead(answer.statusCode ?? 502, passed);
    answer.on("error", () => response.destroy());
    answer.pipe(response);
  }
}
