import { CERTIFICATE_CONFIG_MAP } from "../../shared/key-publication.ts";
import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { corePath } from "../../shared/kube/paths.ts";
import {
  CHAIN_ITEM,
  COMPROMISED_ANNOTATION,
  type Vouchers,
} from "../../shared/seal/certificate-chain.node.ts";
import { ClosedWay } from "./way.ts";

export { CERTIFICATE_CONFIG_MAP };

const ITEM = "cert.pem";

/**
 * Reads what the controller has published to vouch for its certificate. It is worth what its signatures are: who may write the
 * ConfigMap can hide some of it, and add nothing.
 * @returns null when there is none or it may not be read.
 * @throws KubeUnreachableError when the cluster does not answer.
 */
export async function publishedVouchers(
  client: KubeClient,
  namespace: string,
  timeoutMs: number | null,
): Promise<Vouchers | null> {
  try {
    const path = corePath("configmaps", namespace, CERTIFICATE_CONFIG_MAP);
    const configMap = await client.request({
      method: "GET",
      path,
      ...(timeoutMs === null ? {} : { timeoutMs }),
    });
    const text = (configMap["data"] as Record<string, unknown> | null | undefined)?.[CHAIN_ITEM];
    if (typeof text !== "string") return null;
    const named: unknown = configMap.metadata.annotations?.[COMPROMISED_ANNOTATION];
    return { chainPem: text, compromised: typeof named === "string" ? named.split(" ") : [] };
  } catch (error) {
    if (error instanceof KubeApiError) return null;
    throw error;
  }
}

/**
 * Reads the certificate that the controller has published.
 * @param timeoutMs longest wait for the answer; null leaves it to the client.
 * @returns its text, unjudged.
 * @throws ClosedWay when there is none or it may not be read.
 * @throws KubeUnreachableError when the cluster does not answer.
 */
export async function publishedCertificate(
  client: KubeClient,
  namespace: string,
  timeoutMs: number | null,
): Promise<string> {
  try {
    const configMap = await client.request({
      method: "GET",
      path: corePath("configmaps", namespace, CERTIFICATE_CONFIG_MAP),
      ...(timeoutMs === null ? {} : { timeoutMs }),
    });
    const text = (configMap["data"] as Record<string, unknown> | null | undefined)?.[ITEM];
    if (typeof text === "string") return text;
    throw new ClosedWay(
      `has no item ${ITEM}`,
      "check who writes it: the controller puts its certificate there",
    );
  } catch (error) {
    if (!(error instanceof KubeApiError)) throw error;
    if (error.status === 404) throw new ClosedWay("not found", "have the controller publish its certificate");
    throw new ClosedWay(
      `answered ${error.status}`,
      error.status === 403 ? "ask for the right to get that ConfigMap" : error.hint,
    );
  }
}
