import type { ScopeKind } from "../shared/scope.ts";
import { certificateSealer } from "../shared/seal/classic-sealer.node.ts";
import type { Sealer } from "../shared/seal/sealer.ts";
import type { FoundCertificate } from "./found-certificate.ts";
import type { Io } from "./io.ts";
import type { Notices } from "./notices.ts";
import type { KubesealOptions } from "./options.ts";
import type { WriteProduct } from "./product.ts";
import { dayInWords, sealingCertificate } from "./sealing-certificate.ts";

/** What a run seals with. */
export type SealingKey = {
  sealer: Sealer;
  /** The cluster that values are bound to; null where nobody named one and the backend binds to none. */
  clusterId: string | null;
  /** What it is, for people: `certificate SHA256:…`. */
  words: string;
  /** What else is worth telling of a single Secret, to be put behind: `, valid until January 2, 2036`. */
  more: string;
  /** A project's rule, and no flag, has it sealed under a key of a key service, or as a SOPS document. */
  byRule?: "key-service" | "sops";
  /**
   * Judges the scope of what is to be sealed, where a project has rules for it.
   * @param isSaid whether a flag or the Secret itself says it.
   * @throws InputError naming the document.
   */
  judgeScope?: (kind: ScopeKind, isSaid: boolean, where: string) => void;
  /**
   * Tells of values that lie under the key of another cluster of the project, beside which this one's would come.
   * @param fingerprints of the keys that the object says its values need.
   */
  warnOfOtherCluster?: (fingerprints: Iterable<string>, where: string) => void;
  /** How a sealed object is written, where that is not as all objects are. */
  write?: (sealed: object) => WriteProduct;
};

/**
 * The key of a certificate that was found.
 * @throws CertificateError naming its source, when it cannot be used.
 */
export function certificateKey(
  found: FoundCertificate,
  options: Pick<KubesealOptions, "accept-certificate" | "cluster-id">,
  io: Io,
  notices: Notices,
): SealingKey {
  const certificate = sealingCertificate(found, options, io, notices);
  return {
    sealer: certificateSealer(certificate),
    clusterId: options["cluster-id"],
    words: `certificate ${certificate.fingerprint}`,
    more: `, valid until ${dayInWords(certificate.notAfter)}`,
  };
}
