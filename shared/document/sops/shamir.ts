import type { Bytes } from "../../bytes.ts";

/** Shares of a secret that can be made, since a share is told from the others by one byte that is not zero. */
export const MOST_SHARES = 255;
/** Shares that it takes at least. */
export const LEAST_THRESHOLD = 2;

/**
 * Splits a secret so that so many shares give it back and fewer tell nothing (Shamir, over the field of AES). Each byte has
 * a polynomial of its own.
 * @param random fills the coefficients of one power for all bytes.
 * @returns share i holds the polynomials' values at i + 1, and that x behind them; the caller wipes them.
 */
export function splitSecret(
  secret: Uint8Array,
  shares: number,
  threshold: number,
  random: (coefficients: Bytes) => Bytes = (coefficients) => crypto.getRandomValues(coefficients),
): Bytes[] {
  if (threshold < LEAST_THRESHOLD || threshold > shares || shares > MOST_SHARES) {
    throw new RangeError("a threshold from 2 to the number of shares, of which there are 255 at most");
  }
  const powers = Array.from({ length: threshold - 1 }, () => random(new Uint8Array(secret.length)));
  try {
    return Array.from({ length: shares }, (_, index) => shareAt(index + 1, secret, powers));
  } finally {
    for (const coefficients of powers) coefficients.fill(0);
  }
}

/** @param powers coefficients of x, of its square and so on. */
function shareAt(x: number, secret: Uint8Array, powers: readonly Bytes[]): Bytes {
  const share = new Uint8Array(secret.length + 1);
  for (const coefficients of powers.toReversed()) {
    for (let at = 0; at < secret.length; at++) {
      share[at] = multiply((share[at] ?? 0) ^ (coefficients[at] ?? 0), x);
    }
  }
  for (let at = 0; at < secret.length; at++) share[at] = (share[at] ?? 0) ^ (secret[at] ?? 0);
  share[secret.length] = x;
  return share;
}

/**
 * The secret that shares belong to. Nothing tells whether they do: shares of others give another secret.
 * @returns null when two of them are for the same x, one is for 0, or their lengths differ; the caller wipes it.
 */
export function combineShares(shares: readonly Uint8Array[]): Bytes | null {
  const length = shares[0]?.length ?? 0;
  const places = shares.map((share) => share.at(-1) ?? 0);
  if (shares.length < LEAST_THRESHOLD || length < 2 || shares.some((share) => share.length !== length))
    return null;
  if (places.includes(0) || new Set(places).size < places.length) return null;
  const secret = new Uint8Array(length - 1);
  for (const [index, share] of shares.entries()) {
    const weight = weightAtZero(index, places);
    for (let at = 0; at < secret.length; at++) {
      secret[at] = (secret[at] ?? 0) ^ multiply(share[at] ?? 0, weight);
    }
  }
  return secret;
}

/** The share's part in the polynomial's value at zero (Lagrange). */
function weightAtZero(index: number, places: readonly number[]): number {
  const own = places[index] ?? 0;
  return places.reduce(
    (weight, place, other) =>
      other === index ? weight : multiply(weight, multiply(place, inverse(place ^ own))),
    1,
  );
}

/** Product modulo x^8 + x^4 + x^3 + x + 1, without a table or a branch that depends on a secret. */
function multiply(a: number, b: number): number {
  let product = 0;
  let left = a;
  for (let bit = 0; bit < 8; bit++) {
    product ^= left & -((b >> bit) & 1);
    left = ((left << 1) ^ (0x1b & -(left >> 7))) & 0xff;
  }
  return product;
}

/** The 254th power. */
function inverse(a: number): number {
  let power = 1;
  for (let times = 0; times < 254; times++) power = multiply(power, a);
  return power;
}
