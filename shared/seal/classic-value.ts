import { type Bytes, fromBase64 } from "../bytes.ts";
import {
  type ClassicContainer,
  NONCE,
  READABLE_SESSION_KEY_BYTES,
  splitContainer,
  TAG_BYTES,
} from "./classic-container.ts";
import { NotBase64Error } from "./classic-error.ts";
import type { OpeningKey } from "./opening-key.ts";
import type { Outcome } from "./sealer.ts";

/** A value as text, and the keys whose size its RSA block has: others are ruled out without an attempt. */
export type ClassicValue = {
  readonly item: string;
  readonly text: string;
  readonly container: ClassicContainer;
  readonly candidates: readonly OpeningKey[];
};

/** What came of the keys, before anybody asks for what is remembered of them or puts it in words. */
export type Trial =
  | { kind: "opened"; plaintext: Bytes; keyId: string }
  | { kind: "damaged"; keyId: string }
  | { kind: "sealed-elsewhere"; labelHash: Bytes; keyId: string }
  | { kind: "not-my-key" }
  | { kind: "too-many-trials" };

/** Reads a value. @returns its outcome right away where no key would be tried. */
export function readClassicValue(
  item: string,
  text: string,
  keys: readonly OpeningKey[],
): ClassicValue | Extract<Outcome, { kind: "malformed" | "not-my-key" }> {
  const decoded = fromBase64(text);
  if ("illegalAt" in decoded) {
    return { kind: "malformed", error: new NotBase64Error(item, decoded.illegalAt) };
  }
  const container = splitContainer(decoded.bytes);
  const candidates = keys.filter((key) => key.modulusBytes === container?.block.length);
  if (container === null || candidates.length === 0) return { kind: "not-my-key" };
  return { item, text, container, candidates };
}

/** Tries one key: one private-key operation. @returns null when the key refuses the value. */
export async function tryKey(
  key: OpeningKey,
  { block, ciphertext }: ClassicContainer,
  label: Bytes,
): Promise<Extract<Trial, { kind: "opened" | "damaged" }> | null> {
  const sessionKey = await key.unwrap(block, label);
  if (sessionKey === null) return null;
  const keyId = key.fingerprint;
  try {
    // A session key of another length than AES has is no work of a sealer.
    const isReadable =
      READABLE_SESSION_KEY_BYTES.includes(sessionKey.length) && ciphertext.length >= TAG_BYTES;
    const plaintext = isReadable ? await (key.decrypt ?? decrypt)(sessionKey, ciphertext) : null;
    return plaintext === null ? { kind: "damaged", keyId } : { kind: "opened", plaintext, keyId };
  } finally {
    sessionKey.fill(0);
  }
}

async function decrypt(sessionKey: Bytes, ciphertext: Bytes): Promise<Bytes | null> {
  try {
    const dataKey = await crypto.subtle.importKey("raw", sessionKey, "AES-GCM", false, ["decrypt"]);
    return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv: NONCE }, dataKey, ciphertext));
  } catch {
    return null;
  }
}
