import { SealError } from "../../shared/errors.ts";
import {
  ALARM_ANNOTATION,
  CERTIFICATE_CONFIG_MAP,
  KEY_ORDER_ANNOTATION,
  type KeyOrder,
  KNOWN_KEY_ANNOTATION,
  REQUIRE_BACKUP_ANNOTATION,
  UNWRAP_ANNOTATION,
  WRAP_ANNOTATION,
} from "../../shared/key-publication.ts";
import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject } from "../../shared/kube/client.ts";
import { corePath, leasePath } from "../../shared/kube/paths.ts";
import { readCertificate } from "../../shared/seal/certificate.node.ts";

/** What a controller publishes of its sealing keys. A text in the place of something says why that is not known. */
export type PublishedKeys = {
  settings: KeySettings | string;
  sealing: SealingNow | string;
};

/** What its options say of keys; wrapping keys as `kms:ARN` or `vault:MOUNT/KEY`. */
export type KeySettings = {
  wrap: string | null;
  unwrap: readonly string[];
  order: KeyOrder;
  /** New keys seal once their backup is confirmed. */
  requireBackup: boolean;
};

/**
 * The key that seals. `begin` is its certificate's, where that is published. `isExpected` says whether it is known that no
 * alarm stands for it, which a promotion would end.
 */
export type SealingNow = { fingerprint: string; begin: Date | null; isExpected: boolean };

/** Where a controller has its Lease unless it is told otherwise. */
const LEASE = "sealed-secrets-controller";
const TIMEOUT_MS = 30_000;

/**
 * Reads what the controller of a namespace publishes, on the ConfigMap with its certificate and on its Lease. Where both
 * name the key that seals they have to agree.
 * @param timeoutMs longest wait for one answer; null for half a minute.
 * @throws KubeApiError, KubeUnreachableError; not where an object is missing or may not be read.
 */
export async function publishedKeys(
  client: KubeClient,
  namespace: string,
  timeoutMs: number | null,
): Promise<PublishedKeys> {
  const read = (path: string) =>
    unlessClosed(client.request({ method: "GET", path, timeoutMs: timeoutMs ?? TIMEOUT_MS }));
  const configMap = await read(corePath("configmaps", namespace, CERTIFICATE_CONFIG_MAP));
  const lease = await read(leasePath(namespace, LEASE));
  const name = `ConfigMap ${namespace}/${CERTIFICATE_CONFIG_MAP}`;
  return {
    settings: typeof configMap === "string" ? `${name} ${configMap}` : settingsOf(configMap, name),
    sealing: sealingOf(configMap, name, lease),
  };
}

function settingsOf({ metadata }: KubeObject, name: string): KeySettings | string {
  const annotations = metadata.annotations ?? {};
  const order = annotations[KEY_ORDER_ANNOTATION];
  if (order !== "CertNotBefore" && order !== "SecretCreationTimestamp") return `${name} says nothing of them`;
  const unwrap = (annotations[UNWRAP_ANNOTATION] ?? "").split(",").filter((one) => one !== "");
  const requireBackup = annotations[REQUIRE_BACKUP_ANNOTATION] === "true";
  return { wrap: annotations[WRAP_ANNOTATION] || null, unwrap, order, requireBackup };
}

function sealingOf(
  configMap: KubeObject | string,
  name: string,
  lease: KubeObject | string,
): SealingNow | string {
  const certificate = typeof configMap === "string" ? null : certificateOf(configMap);
  const known =
    typeof lease === "string" ? null : (lease.metadata.annotations?.[KNOWN_KEY_ANNOTATION] ?? null);
  if (certificate === null && known === null)
    return typeof configMap === "string" ? `${name} ${configMap}` : `${name} holds no certificate`;
  if (certificate !== null && known !== null && certificate.fingerprint !== known)
    return `${name} and Lease ${LEASE} name different ones`;
  const isExpected = typeof configMap !== "string" && !configMap.metadata.annotations?.[ALARM_ANNOTATION];
  return {
    fingerprint: certificate?.fingerprint ?? known ?? "",
    begin: certificate?.begin ?? null,
    isExpected,
  };
}

function certificateOf(configMap: KubeObject): { fingerprint: string; begin: Date } | null {
  const text: unknown = (configMap["data"] as Record<string, unknown> | null | undefined)?.["cert.pem"];
  if (typeof text !== "string") return null;
  try {
    const { fingerprint, notBefore } = readCertificate(text);
    return { fingerprint, begin: notBefore };
  } catch (error) {
    if (error instanceof SealError) return null;
    throw error;
  }
}

/** @returns why there is nothing to read, as the end of a sentence about the object. */
async function unlessClosed(request: Promise<KubeObject>): Promise<KubeObject | string> {
  try {
    return await request;
  } catch (error) {
    if (error instanceof KubeApiError && error.status === 404) return "is not there";
    if (error instanceof KubeApiError && error.status === 403) return "may not be read";
    throw error;
  }
}
