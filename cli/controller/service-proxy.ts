import { KubeUnreachableError } from "../../shared/kube/api-error.ts";
import type { KubeClient, RawAnswer } from "../../shared/kube/client.ts";
import { serviceProxyPath } from "../../shared/kube/paths.ts";
import type { FoundService } from "./service.ts";
import { ClosedWay, type Question, type Way } from "./way.ts";

/** Statuses by which the API server says that it does not or cannot pass a request on. */
const CLOSED = new Set([401, 403, 502, 503, 504]);
const CHECK_POD = "check that the controller's Pod is ready and that the API server may reach it";

/** The way through the API server's Service proxy. */
export function serviceProxy(client: KubeClient, service: FoundService): Way {
  const { namespace, name } = service;
  const send = async ({ method, path, accept, body, timeoutMs }: Question): Promise<RawAnswer> => {
    try {
      return await client.raw({
        method,
        path: serviceProxyPath(namespace, name, service.portName, path),
        accept,
        ...(body === undefined ? {} : { body }),
        ...(timeoutMs === null ? {} : { timeoutMs }),
      });
    } catch (error) {
      // The API server itself has just answered: it waits for the Pod.
      throw error instanceof KubeUnreachableError
        ? new ClosedWay(`did not serve: ${error.why}`, CHECK_POD)
        : error;
    }
  };
  return {
    name: `the Service proxy of ${namespace}/${name}`,
    isFallback: false,
    async ask(question) {
      const answer = await send(question);
      if (!CLOSED.has(answer.status)) return { ...answer, source: `Service ${namespace}/${name}` };
      const refused = answer.status === 401 || answer.status === 403;
      const verb = question.method === "GET" ? "get" : "create";
      throw new ClosedWay(
        `answered ${answer.status}`,
        refused ? `ask for the right to ${verb} services/proxy of that Service` : CHECK_POD,
      );
    },
    close: () => {},
  };
}
