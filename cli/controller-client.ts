import { SealError } from "../shared/errors.ts";
import { KubeApiError } from "../shared/kube/api-error.ts";
import type { KubeClient } from "../shared/kube/client.ts";
import { corePath, serviceProxyPath } from "../shared/kube/paths.ts";

/** The controller cannot be asked, or did not answer as it should. */
export class ControllerError extends SealError {
  override readonly code: string = "controller";
}

/** The Service of a controller. */
export type ControllerService = { namespace: string; name: string };

const MAX_CERTIFICATE_BYTES = 1 << 20;

/**
 * Fetches the certificate from the controller through the API server's Service proxy, by the name of the Service's
 * first port.
 * @param timeoutMs longest wait for each answer; null leaves it to the client.
 * @returns the answer's bytes, unchecked.
 * @throws ControllerError when the Service is missing or the proxy refuses.
 * @throws KubeUnreachableError when the cluster does not answer.
 */
export async function fetchCertificate(
  client: KubeClient,
  service: ControllerService,
  timeoutMs: number | null,
): Promise<Uint8Array> {
  const { namespace, name } = service;
  const limit = timeoutMs === null ? {} : { timeoutMs };
  const portName = await firstPortName(client, service, limit);
  const answer = await client.raw({
    method: "GET",
    path: serviceProxyPath(namespace, name, portName, "/v1/cert.pem"),
    accept: "application/x-pem-file, */*",
    ...limit,
  });
  if (answer.status !== 200) throw refused(service, answer.status);
  if (answer.body.length > MAX_CERTIFICATE_BYTES) {
    throw new ControllerError(
      `cannot fetch certificate: the answer of Service ${namespace}/${name} is too long to be one`,
      "check that --controller-name and --controller-namespace name the sealed secrets controller",
    );
  }
  return answer.body;
}

async function firstPortName(
  client: KubeClient,
  { namespace, name }: ControllerService,
  limit: { timeoutMs?: number },
): Promise<string> {
  try {
    const service = await client.request({
      method: "GET",
      path: corePath("services", namespace, name),
      ...limit,
    });
    const spec = service["spec"] as { ports?: { name?: unknown }[] } | null | undefined;
    const portName = spec?.ports?.[0]?.name;
    return typeof portName === "string" ? portName : "";
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

function refused({ namespace, name }: ControllerService, status: number): ControllerError {
  return new ControllerError(
    `cannot fetch certificate: the Service proxy of ${namespace}/${name} answered ${status}`,
    status === 401 || status === 403
      ? "ask for the right to get services/proxy of that Service, or give --cert FILE with a certificate fetched elsewhere"
      : "check that the controller's Pod is ready and that the API server may reach it, or give --cert FILE with a certificate fetched elsewhere",
  );
}
