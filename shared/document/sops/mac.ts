import { type Bytes, equalBytes, utf8 } from "../../bytes.ts";

/** SHA-256 of the text `sops`: what the hash begins with when it covers encrypted values alone. */
const ONLY_ENCRYPTED = "8a3fd2ad54ce66527b1034f3d147be0b0b975b3bf44f72c6fdadec8176f27d69";

/**
 * The message authentication code of a document before it is encrypted: SHA-512 over its values in their order, in
 * upper-case hex. Nothing stands between the values, and no keys are in it.
 */
export async function macOf(values: readonly Uint8Array[], macOnlyEncrypted: boolean): Promise<string> {
  const covered = macOnlyEncrypted ? [fromHex(ONLY_ENCRYPTED), ...values] : values;
  const whole = joined(covered);
  try {
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-512", whole));
    return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0"))
      .join("")
      .toUpperCase();
  } finally {
    whole.fill(0);
  }
}

/** Whether a decrypted MAC is the one that was computed, in a time that depends on their lengths only. */
export function isMac(decrypted: Uint8Array, computed: string): boolean {
  return equalBytes(decrypted, utf8(computed));
}

/** Without an argument for each: there are more values than a call may have arguments. */
function joined(parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function fromHex(hex: string): Bytes {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
