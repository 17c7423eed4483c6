import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { corePath } from "../../shared/kube/paths.ts";
import { ControllerError } from "./controller-error.ts";
import type { ControllerService } from "./way.ts";

/** A Service that stands before a controller. */
export type FoundService = ControllerService & {
  /** Name of its first port, empty where that has none. */
  portName: string;
};

/**
 * Looks for the controller's Service by its name.
 * @param timeoutMs longest wait for each answer; null leaves it to the client.
 * @throws ControllerError when there is none or it may not be read.
 * @throws KubeUnreachableError when the cluster does not answer.
 */
export async function findService(
  client: KubeClient,
  { namespace, name }: ControllerService,
  timeoutMs: number | null,
): Promise<FoundService> {
  try {
    const service = await client.request({
      method: "GET",
      path: corePath("services", namespace, name),
      ...(timeoutMs === null ? {} : { timeoutMs }),
    });
    return { namespace, name, portName: firstPortName(service) };
  } catch (error) {
    if (!(error instanceof KubeApiError)) throw error;
    const why =
      error.status === 404
        ? `services ${JSON.stringify(name)} not found in namespace ${JSON.stringify(namespace)}`
        : `the API server answered ${error.status}${error.reason === "" ? "" : ` ${error.reason}`} for Service ${namespace}/${name}`;
    throw new ControllerError(
      `cannot get sealed secret service: ${why}`,
      error.status === 401
        ? error.hint
        : "please, use the flag --controller-name and --controller-namespace to set up the name and namespace of the sealed secrets controller; or give --cert FILE",
      { cause: error },
    );
  }
}

function firstPortName(service: KubeObject): string {
  const spec = service["spec"] as { ports?: { name?: unknown }[] } | null | undefined;
  const portName = spec?.ports?.[0]?.name;
  return typeof portName === "string" ? portName : "";
}
