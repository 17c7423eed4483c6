import { KubeApiError, unlessGone } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { corePath } from "../../shared/kube/paths.ts";

/** Name of the ConfigMap that publishes the certificate where the Service proxy is closed. */
export const CERTIFICATE_CONFIG_MAP = "sealed-secrets-certificate";

/**
 * On that ConfigMap: the key that seals changed other than by renewal or promotion. `<time> <fingerprint before, or
 * none> <fingerprint since>`.
 */
export const CHANGED_ANNOTATION = "signet.dev/sealing-key-changed";

/** What it publishes. */
export type Published = {
  certificatePem: string;
  clusterId: string | null;
  /** The alarm to write down, null for none, given the one that stands there. */
  alarm: (standing: string | null) => string | null;
};

/**
 * Writes the certificate ConfigMap unless it says the same already.
 * @throws KubeApiError, KubeUnreachableError; the signal's reason when aborted.
 */
export async function publishCertificate(
  { certificatePem, clusterId, alarm }: Published,
  namespace: string,
  client: KubeClient,
  signal: AbortSignal,
): Promise<void> {
  const data = { "cert.pem": certificatePem, ...(clusterId === null ? {} : { "cluster-id": clusterId }) };
  const path = corePath("configmaps", namespace, CERTIFICATE_CONFIG_MAP);
  for (let attempts = 3; ; attempts--) {
    const existing = await unlessGone(client.request({ method: "GET", path, signal }));
    const standing = existing?.metadata.annotations?.[CHANGED_ANNOTATION] ?? null;
    const wanted = alarm(standing);
    if (existing !== null && wanted === standing && sameData(existing, data)) return;
    const { [CHANGED_ANNOTATION]: _standing, ...others } = existing?.metadata.annotations ?? {};
    const annotations = { ...others, ...(wanted === null ? {} : { [CHANGED_ANNOTATION]: wanted }) };
    try {
      if (existing === null) {
        const metadata = { name: CERTIFICATE_CONFIG_MAP, namespace, annotations };
        const body = { apiVersion: "v1", kind: "ConfigMap", metadata, data };
        await client.request({ method: "POST", path: corePath("configmaps", namespace), body, signal });
      } else {
        const merged = { ...(existing["data"] as Record<string, string> | undefined), ...data };
        const body = { ...existing, metadata: { ...existing.metadata, annotations }, data: merged };
        await client.request({ method: "PUT", path, body, signal });
      }
      return;
    } catch (error) {
      if (attempts === 0 || !(error instanceof KubeApiError) || error.status !== 409) throw error;
    }
  }
}

function sameData(existing: KubeObject, wanted: Record<string, string>): boolean {
  const data = (existing["data"] ?? {}) as Record<string, string>;
  return Object.entries(wanted).every(([key, value]) => data[key] === value);
}
