import { fromBase64 } from "../../shared/bytes.ts";
import type { Certificate } from "../../shared/seal/certificate.node.ts";
import { splitContainer } from "../../shared/seal/classic-container.ts";

/** The key that values are to lie under. */
export type TargetKey = {
  fingerprint: string;
  /** The begin of its certificate. */
  since: Date;
  /** Whether a value can be under this key by its form: the block has the length of the key, and is below its modulus. */
  mayHaveSealed(value: string): boolean;
};

/** The key of a certificate. */
export function targetKey({ fingerprint, notBefore, publicKey }: Certificate): TargetKey {
  const modulus = Buffer.from(publicKey.export({ format: "jwk" }).n ?? "", "base64url");
  return {
    fingerprint,
    since: notBefore,
    mayHaveSealed(value) {
      const decoded = fromBase64(value);
      const block = "illegalAt" in decoded ? undefined : splitContainer(decoded.bytes)?.block;
      return block?.length === modulus.length && Buffer.compare(block, modulus) < 0;
    },
  };
}
