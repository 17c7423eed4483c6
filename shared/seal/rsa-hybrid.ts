import { type Bytes, toBase64 } from "../bytes.ts";
import { scopeLabel } from "../scope.ts";
import { joinContainer, NONCE, SESSION_KEY_BYTES } from "./classic-container.ts";
import type { Sealer } from "./sealer.ts";

export { DamagedValueError, NotBase64Error, TooManyTrialsError } from "./classic-error.ts";
export { classicUnsealer } from "./classic-unsealer.ts";
export type { OpeningKey } from "./opening-key.ts";

/** The public half of a sealing key. */
export type SealingKey = {
  /** `SHA256:…`, see certificate.node.ts. */
  readonly fingerprint: string;
  /** RSA-OAEP with SHA-256, usable to encrypt. */
  readonly publicKey: InstanceType<typeof CryptoKey>;
};

/** Seals classic values under one key. */
export function classicSealer(key: SealingKey): Sealer {
  return {
    keyId: key.fingerprint,
    hint: key.fingerprint,
    async sealAll(items, binding) {
      const label = scopeLabel(binding.scope);
      const sealed = new Map<string, string>();
      for (const [item, plaintext] of items) sealed.set(item, toBase64(await seal(key, label, plaintext)));
      return sealed;
    },
  };
}

async function seal(key: SealingKey, label: Bytes, plaintext: Uint8Array): Promise<Bytes> {
  const sessionKey = crypto.getRandomValues(new Uint8Array(SESSION_KEY_BYTES));
  try {
    const dataKey = await crypto.subtle.importKey("raw", sessionKey, "AES-GCM", false, ["encrypt"]);
    const ciphertext = await crypto.subtle.encrypt(
      { name: "AES-GCM", iv: NONCE },
      dataKey,
      new Uint8Array(plaintext),
    );
    const wrapped = await crypto.subtle.encrypt({ name: "RSA-OAEP", label }, key.publicKey, sessionKey);
    return joinContainer(new Uint8Array(wrapped), new Uint8Array(ciphertext));
  } finally {
    sessionKey.fill(0);
  }
}
