import type { KubeClient } from "../../shared/kube/client.ts";
import { corePath } from "../../shared/kube/paths.ts";
import { type Certificate, CertificateError, readCertificate } from "../../shared/seal/certificate.node.ts";
import {
  type CertificateLink,
  COMPROMISED_ANNOTATION,
  MOST_LINKS,
  readLinks,
} from "../../shared/seal/certificate-chain.node.ts";
import { certifySuccessor } from "../../shared/seal/issue-certificate.node.ts";
import type { OpeningKey } from "../../shared/seal/opening-key.ts";
import { KEY_LABEL } from "../../shared/sealing-key-secret.ts";
import type { SecretObject } from "../reconcile/secret-object.ts";

/** A sealing key that another one succeeded while both were at hand. */
export type Succession = {
  /** The one before. */
  from: { certificate: Certificate; opening: OpeningKey };
  /** The one that seals. */
  to: Certificate;
};

/** Label value of keys that others may have got hold of. */
const COMPROMISED = "compromised";
const MOST_CHARACTERS = 512 * 1024;
const MOST_NAMED = 64;

/**
 * The chain as it is to be published: what stands there, without what a compromised key signed or was given, and with the
 * certificate of a key that succeeded another one.
 * @param standing the chain as it stands; null for none.
 * @param succession null where the key that seals is the one that did, or nobody may vouch for it.
 * @returns null for an empty one.
 */
export async function nextChain(
  standing: string | null,
  succession: Succession | null,
  compromised: readonly Certificate[],
  now: Date,
): Promise<string | null> {
  const links = readLinks(standing ?? "").filter((link) => !isSpoilt(link, compromised));
  if (succession !== null && isFit(succession, compromised, now)) {
    const { from, to } = succession;
    const isThere = links.some((link) => link.fingerprint === to.fingerprint && link.isBy(from.certificate));
    const { sign } = from.opening;
    if (!isThere && sign !== undefined) links.push(...readLinks(await certifySuccessor(to, sign)));
  }
  const kept: string[] = [];
  let characters = 0;
  for (const { pem } of links.toReversed()) {
    characters += pem.length;
    if (kept.length === MOST_LINKS || characters > MOST_CHARACTERS) break;
    kept.unshift(pem);
  }
  return kept.length === 0 ? null : kept.join("");
}

/** The certificates of keys that are labelled as compromised. Those that cannot be read are left out. */
export async function compromisedKeys(
  namespace: string,
  client: KubeClient,
  signal: AbortSignal,
): Promise<Certificate[]> {
  const list = await client.request({
    method: "GET",
    path: corePath("secrets", namespace),
    query: { labelSelector: `${KEY_LABEL}=${COMPROMISED}` },
    signal,
  });
  const secrets = Array.isArray(list["items"]) ? (list["items"] as SecretObject[]) : [];
  return secrets.flatMap(({ data }) => {
    const text: unknown = data?.["tls.crt"];
    if (typeof text !== "string") return [];
    try {
      return [readCertificate(Buffer.from(text, "base64").toString("utf8"))];
    } catch (error) {
      if (error instanceof CertificateError) return [];
      throw error;
    }
  });
}

/** What the ConfigMap says of them, as an annotation: their fingerprints, separated by spaces. */
export function compromisedSetting(compromised: readonly Certificate[]): Record<string, string | null> {
  const named = [...new Set(compromised.map(({ fingerprint }) => fingerprint))].sort().slice(0, MOST_NAMED);
  return { [COMPROMISED_ANNOTATION]: named.join(" ") || null };
}

function isSpoilt(link: CertificateLink, compromised: readonly Certificate[]): boolean {
  return compromised.some((key) => key.fingerprint === link.fingerprint || link.isBy(key));
}

/** A key vouches for a newer one, as long as it is valid itself. */
function isFit({ from, to }: Succession, compromised: readonly Certificate[], now: Date): boolean {
  const { certificate } = from;
  if (compromised.some(({ fingerprint }) => fingerprint === certificate.fingerprint)) return false;
  return certificate.notAfter >= now && certificate.notBefore < to.notBefore;
}
