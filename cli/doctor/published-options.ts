import { SealError } from "../../shared/errors.ts";
import {
  CERTIFICATE_CONFIG_MAP,
  CUTOFF_ANNOTATION,
  KEY_ORDER_ANNOTATION,
  RENEW_PERIOD_ANNOTATION,
  VERSION_ANNOTATION,
} from "../../shared/key-publication.ts";
import { corePath } from "../../shared/kube/paths.ts";
import { type Looking, objectAt } from "./check.ts";

/** What the controller that leads says of itself. Null for what it does not say, or what may not be read. */
export type PublishedOptions = {
  version: string | null;
  /** Age of the newest key at which a new one is made; 0 for never. */
  renewPeriodMs: number | null;
  /** The moment from before which no key is to seal. */
  cutoff: Date | null;
  /** Whether the newest key is told by the age of its Secret, and not by its certificate. */
  isBySecret: boolean;
};

/**
 * Reads it on the ConfigMap with the certificate, which needs no right that sealing does not need, and is the same for an image
 * under any name.
 * @throws KubeUnreachableError.
 */
export async function publishedOptions(looking: Looking): Promise<PublishedOptions> {
  const path = corePath("configmaps", looking.search.namespace, CERTIFICATE_CONFIG_MAP);
  let annotations: Readonly<Record<string, string>> = {};
  try {
    annotations = (await objectAt(looking, path))?.metadata.annotations ?? {};
  } catch (error) {
    // Why it is not to be had is told of the certificate that stands there.
    if (!(error instanceof SealError) || error.code === "kube-unreachable") throw error;
  }
  const [, seconds] = /^(\d{1,12})s$/.exec(annotations[RENEW_PERIOD_ANNOTATION] ?? "") ?? [];
  const cutoff = new Date(annotations[CUTOFF_ANNOTATION] ?? "");
  return {
    version: annotations[VERSION_ANNOTATION] || null,
    renewPeriodMs: seconds === undefined ? null : Number(seconds) * 1000,
    cutoff: Number.isNaN(cutoff.getTime()) ? null : cutoff,
    isBySecret: annotations[KEY_ORDER_ANNOTATION] === "SecretCreationTimestamp",
  };
}
