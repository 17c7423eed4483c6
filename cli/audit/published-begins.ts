import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { corePath } from "../../shared/kube/paths.ts";
import { CHAIN_ITEM, readLinks } from "../../shared/seal/certificate-chain.node.ts";
import { CERTIFICATE_CONFIG_MAP } from "../controller/published-certificate.ts";

/**
 * When sealing keys began, by the certificates that the controller publishes in its ConfigMap: the one that seals, and those
 * before it that vouch for one another. Of several for one key the oldest counts.
 * @param namespace the controller's.
 * @param timeoutMs longest wait for the answer; null leaves it to the client.
 * @returns by fingerprint; empty where there is no such ConfigMap, or it may not be read.
 * @throws KubeUnreachableError when the cluster does not answer.
 */
export async function publishedBegins(
  client: Pick<KubeClient, "request">,
  namespace: string,
  timeoutMs: number | null,
): Promise<ReadonlyMap<string, Date>> {
  const begins = new Map<string, Date>();
  for (const { fingerprint, notBefore } of readLinks(await published(client, namespace, timeoutMs))) {
    const before = begins.get(fingerprint);
    if (before === undefined || notBefore < before) begins.set(fingerprint, notBefore);
  }
  return begins;
}

async function published(
  client: Pick<KubeClient, "request">,
  namespace: string,
  timeoutMs: number | null,
): Promise<string> {
  try {
    const path = corePath("configmaps", namespace, CERTIFICATE_CONFIG_MAP);
    const within = timeoutMs === null ? {} : { timeoutMs };
    const configMap = await client.request({ method: "GET", path, ...within });
    const data = configMap["data"] as Record<string, unknown> | null | undefined;
    // The last links of a long text count: the one that seals has to be among them.
    return [data?.[CHAIN_ITEM], data?.["cert.pem"]].filter((text) => typeof text === "string").join("\n");
  } catch (error) {
    if (error instanceof KubeApiError) return "";
    throw error;
  }
}
