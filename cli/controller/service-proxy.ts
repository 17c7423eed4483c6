import type { KubeClient } from "../../shared/kube/client.ts";
import { serviceProxyPath } from "../../shared/kube/paths.ts";
import { ClosedWay, type ControllerService, type Way } from "./way.ts";

/** Statuses by which the API server says that it does not or cannot pass a request on. */
const CLOSED = new Set([401, 403, 502, 503, 504]);

/**
 * The way through the API server's Service proxy.
 * @param portName name of the Service's port, empty where it has none.
 */
export function serviceProxy(client: KubeClient, service: ControllerService, portName: string): Way {
  const { namespace, name } = service;
  return {
    name: `the Service proxy of ${namespace}/${name}`,
    async ask({ method, path, accept, body, timeoutMs }) {
      const answer = await client.raw({
        method,
        path: serviceProxyPath(namespace, name, portName, path),
        accept,
        ...(body === undefined ? {} : { body }),
        ...(timeoutMs === null ? {} : { timeoutMs }),
      });
      if (!CLOSED.has(answer.status)) return answer;
      throw new ClosedWay(
        `answered ${answer.status}`,
        answer.status === 401 || answer.status === 403
          ? "ask for the right to get services/proxy of that Service"
          : "check that the controller's Pod is ready and that the API server may reach it",
      );
    },
    close: async () => {},
  };
}
