import { CERTIFICATE_CONFIG_MAP } from "../../shared/key-publication.ts";
import { KubeApiError, unlessGone } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { corePath } from "../../shared/kube/paths.ts";

/**
 * On that ConfigMap: the key that seals changed other than by renewal or promotion. `<time> <fingerprint before, or
 * none> <fingerprint since>`.
 */
export const CHANGED_ANNOTATION = "signet.dev/sealing-key-changed";

/** What it publishes. */
export type Published = {
  /** Of the key that seals. Null while none does: what stands there stays, and where nothing does, nothing is written. */
  certificatePem: string | null;
  clusterId: string | null;
  /** The alarm to write down, null for none, given the one that stands there. */
  alarm: (standing: string | null) => string | null;
  /** What the options say of keys, as annotations; null for one that is to be absent. */
  settings: Readonly<Record<string, string | null>>;
};

/**
 * Writes the certificate ConfigMap unless it says the same already.
 * @throws KubeApiError, KubeUnreachableError; the signal's reason when aborted.
 */
export async function publishCertificate(
  { certificatePem, clusterId, alarm, settings }: Published,
  namespace: string,
  client: KubeClient,
  signal: AbortSignal,
): Promise<void> {
  const data = {
    ...(certificatePem === null ? {} : { "cert.pem": certificatePem }),
    ...(clusterId === null ? {} : { "cluster-id": clusterId }),
  };
  const path = corePath("configmaps", namespace, CERTIFICATE_CONFIG_MAP);
  for (let attempts = 3; ; attempts--) {
    const existing = await unlessGone(client.request({ method: "GET", path, signal }));
    if (existing === null && certificatePem === null) return;
    const standing = existing?.metadata.annotations ?? {};
    const wanted = { ...settings, [CHANGED_ANNOTATION]: alarm(standing[CHANGED_ANNOTATION] ?? null) };
    const isSame = Object.entries(wanted).every(([key, value]) => (standing[key] ?? null) === value);
    if (existing !== null && isSame && sameData(existing, data)) return;
    const all = Object.entries<string | null>({ ...standing, ...wanted });
    const annotations = Object.fromEntries(all.filter(([, value]) => value !== null));
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
