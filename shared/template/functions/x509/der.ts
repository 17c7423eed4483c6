import { concat } from "../../../bytes.ts";

/** One element of DER: its tag, what it holds, and itself as a whole. */
export type DerElement = { readonly tag: number; readonly content: Uint8Array; readonly whole: Uint8Array };

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  printable: 0x13,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** An element of that tag; several contents are joined. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const content = concat(...contents);
  return concat(Uint8Array.of(tag, ...lengthBytes(content.length)), content);
}

export function sequence(...members: readonly Uint8Array[]): Uint8Array {
  return der(TAG.sequence, ...members);
}

/** A non-negative integer from its bytes, greatest first. */
export function unsigned(bytes: Uint8Array): Uint8Array {
  const from = bytes.findIndex((byte) => byte !== 0);
  const significant = from < 0 ? Uint8Array.of(0) : bytes.subarray(from);
  return (significant[0] ?? 0) >= 0x80
    ? der(TAG.integer, Uint8Array.of(0), significant)
    : der(TAG.integer, significant);
}

/** An object identifier from its dotted form. */
export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const digits = [part & 0x7f];
    for (let high = Math.floor(part / 128); high > 0; high = Math.floor(high / 128))
      digits.unshift((high & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return der(TAG.oid, Uint8Array.from(bytes));
}

/** A bit string; `unused` of its last byte's bits do not count. */
export function bits(content: Uint8Array, unused = 0): Uint8Array {
  return der(TAG.bits, Uint8Array.of(unused), content);
}

/** What stands under a context tag of its own, `[0] EXPLICIT` and the like. */
export function explicit(number: number, content: Uint8Array): Uint8Array {
  return der(0xa0 | number, content);
}

/** @returns the elements one after another, or null where the bytes are not such. */
export function readElements(bytes: Uint8Array): DerElement[] | null {
  const elements: DerElement[] = [];
  for (let at = 0; at < bytes.length; ) {
    const element = readElement(bytes, at);
    if (element === null) return null;
    elements.push(element);
    at += element.whole.length;
  }
  return elements;
}

/** @returns what a sequence that is all of `bytes` holds, or null. */
export function readSequence(bytes: Uint8Array): DerElement[] | null {
  const element = readElement(bytes, 0);
  if (element?.tag !== TAG.sequence || element.whole.length !== bytes.length) return null;
  return readElements(element.content);
}

function readElement(bytes: Uint8Array, start: number): DerElement | null {
  const tag = bytes[start];
  let length = bytes[start + 1];
  // Tags above 30 do not occur in keys and certificates.
  if (tag === undefined || length === undefined || (tag & 0x1f) === 0x1f) return null;
  let from = start + 2;
  if (length >= 0x80) {
    const count = length - 0x80;
    if (count === 0 || count > 4 || from + count > bytes.length) return null;
    length = bytes.subarray(from, from + count).reduce((total, byte) => total * 256 + byte, 0);
    if (length < 0x80 || bytes[from] === 0) return null; // not the shortest form
    from += count;
  }
  if (from + length > bytes.length) return null;
  return { tag, content: bytes.subarray(from, from + length), whole: bytes.subarray(start, from + length) };
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [0x80 | bytes.length, ...bytes];
}
