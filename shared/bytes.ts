const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Bytes of ours: never a view on shared memory, so that WebCrypto takes them. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** UTF-8 bytes of a string. */
export function utf8(text: string): Bytes {
  return encoder.encode(text);
}

/** The string these UTF-8 bytes spell, or null when they are not valid UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | null {
  try {
    return strictDecoder.decode(bytes);
  } catch {
    return null;
  }
}

/** One array with the parts in order. */
export function concat(...parts: readonly Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Compares in a time that depends on the lengths only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/** Standard base64, padded (RFC 4648 section 4). */
export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  // In slices: an argument list has a limit, and one call a byte is slow.
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    binary += String.fromCharCode(...bytes.subarray(at, at + SLICE_BYTES));
  }
  return btoa(binary);
}

const SLICE_BYTES = 8192;

/** The outcome of reading base64: bytes, or the offset of the first character that does not fit. */
export type Base64Result = { bytes: Bytes } | { illegalAt: number };

const OTHER_THAN_DIGITS = /[^A-Za-z0-9+/\r\n]/;
const LINE_BREAKS = /[\r\n]+/g;
const BASE64_TEXT = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * Reads standard base64 the way Go's encoding/base64 does, which is what the classic format's readers do:
 * padded, alphabet `+` `/`, CR and LF ignored wherever they stand, anything else illegal.
 * @returns the bytes, or the offset that Go names (vectors: base64): of the first character that does not fit, of the
 * last group of four where the text ends inside it, of its end where one more padding character was due.
 */
export function fromBase64(text: string): Base64Result {
  const dense = /[\r\n]/.test(text) ? text.replace(/[\r\n]/g, "") : text;
  if (dense.length % 4 !== 0 || !BASE64_TEXT.test(dense)) return { illegalAt: firstIllegal(text) };
  const binary = atob(dense);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) bytes[at] = binary.charCodeAt(at);
  return { bytes };
}

function firstIllegal(text: string): number {
  // By search: a loop over a megabyte that goes wrong at its end takes longer than all else that is done with it.
  const found = text.search(OTHER_THAN_DIGITS);
  const at = found === -1 ? text.length : found;
  const digits = text.slice(0, at).replace(LINE_BREAKS, "").length % 4;
  if (text.charAt(at) === "=" && digits >= 2) return illegalAfterPadding(text, at + 1, digits);
  return found === -1 ? at - digits : at;
}

/** Where text goes wrong whose first padding character stands before `start`, after `digits` digits of its group. */
function illegalAfterPadding(text: string, start: number, digits: number): number {
  let at = afterLineBreaks(text, start);
  if (digits === 2) {
    if (at === text.length) return at;
    if (text.charAt(at) !== "=") return at - 1;
    at = afterLineBreaks(text, at + 1);
  }
  return at;
}

function afterLineBreaks(text: string, start: number): number {
  let at = start;
  while (isLineBreak(text.charAt(at))) at++;
  return at;
}

function isLineBreak(character: string): boolean {
  return character === "\r" || character === "\n";
}
