import { ALARM_ANNOTATION, CERTIFICATE_CONFIG_MAP } from "../../shared/key-publication.ts";
import { KubeApiError, unlessGone } from "../../shared/kube/api-error.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { corePath } from "../../shared/kube/paths.ts";
import { CHAIN_ITEM } from "../../shared/seal/certificate-chain.node.ts";

/** What it publishes. */
export type Published = {
  /** Of the key that seals. Null while none does: what stands there stays, and where nothing does, nothing is written. */
  certificatePem: string | null;
  clusterId: string | null;
  /** The chain of certificates to publish, null for none, given the one that stands there. */
  chain: (standing: string | null) => Promise<string | null>;
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
  { certificatePem, clusterId, chain, alarm, settings }: Published,
  namespace: string,
  client: KubeClient,
  signal: AbortSignal,
): Promise<void> {
  const path = corePath("configmaps", namespace, CERTIFICATE_CONFIG_MAP);
  for (let attempts = 3; ; attempts--) {
    const existing = await unlessGone(client.request({ method: "GET", path, signal }));
    if (existing === null && certificatePem === null) return;
    const before = (existing?.["data"] ?? {}) as Record<string, string>;
    const data: Record<string, string | null> = {
      ...(certificatePem === null ? {} : { "cert.pem": certificatePem }),
      ...(clusterId === null ? {} : { "cluster-id": clusterId }),
      [CHAIN_ITEM]: await chain(before[CHAIN_ITEM] ?? null),
    };
    const standing = existing?.metadata.annotations ?? {};
    const wanted = { ...settings, [ALARM_ANNOTATION]: alarm(standing[ALARM_ANNOTATION] ?? null) };
    if (existing !== null && isWithin(wanted, standing) && isWithin(data, before)) return;
    const annotations = without({ ...standing, ...wanted });
    const merged = without({ ...before, ...data });
    try {
      if (existing === null) {
        const metadata = { name: CERTIFICATE_CONFIG_MAP, namespace, annotations };
        const body = { apiVersion: "v1", kind: "ConfigMap", metadata, data: merged };
        await client.request({ method: "POST", path: corePath("configmaps", namespace), body, signal });
      } else {
        const body = { ...existing, metadata: { ...existing.metadata, annotations }, data: merged };
        await client.request({ method: "PUT", path, body, signal });
      }
      return;
    } catch (error) {
      if (attempts === 0 || !(error instanceof KubeApiError) || error.status !== 409) throw error;
    }
  }
}

/** Whether all of it stands there already; null for what is to be absent. */
function isWithin(
  wanted: Readonly<Record<string, string | null>>,
  standing: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted).every(([key, value]) => (standing[key] ?? null) === value);
}

function without(all: Readonly<Record<string, string | null>>): Record<string, string | null> {
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null));
}
