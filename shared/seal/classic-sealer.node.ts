import { constants, createCipheriv, publicEncrypt, randomBytes } from "node:crypto";
import { concat, toBase64 } from "../bytes.ts";
import { scopeLabel } from "../scope.ts";
import type { Certificate } from "./certificate.node.ts";
import { joinContainer, NONCE, SESSION_KEY_BYTES } from "./classic-container.ts";
import type { Sealer } from "./sealer.ts";

/**
 * Seals classic values (classic-container.ts has the layout) under a certificate with Node's own functions instead of
 * WebCrypto. For a command that seals one Secret, merely loading WebCrypto takes a sixth of the time.
 */
export function certificateSealer({ fingerprint, publicKey: key }: Certificate): Sealer {
  const seal = (label: Uint8Array, plaintext: Uint8Array): Uint8Array => {
    const sessionKey = randomBytes(SESSION_KEY_BYTES);
    try {
      const cipher = createCipheriv("aes-256-gcm", sessionKey, NONCE);
      const ciphertext = concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
      const padding = constants.RSA_PKCS1_OAEP_PADDING;
      const wrapped = publicEncrypt({ key, padding, oaepHash: "sha256", oaepLabel: label }, sessionKey);
      return joinContainer(wrapped, ciphertext);
    } finally {
      sessionKey.fill(0);
    }
  };
  return {
    keyId: fingerprint,
    hint: fingerprint,
    async sealAll(items, { scope }) {
      const label = scopeLabel(scope);
      return new Map([...items].map(([item, plaintext]) => [item, toBase64(seal(label, plaintext))]));
    },
  };
}
