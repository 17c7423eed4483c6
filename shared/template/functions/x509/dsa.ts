import { bytesToHex } from "@noble/hashes/utils.js";
import type { CallContext } from "../../function-table.ts";
import { sequence, unsigned } from "./der.ts";
import { writePem } from "./pem.ts";

const PRIME_BITS = 2048;
const ORDER_BITS = 256;
const ROUNDS = 40;
const STEPS_A_POWER = 200;
const SMALL_PRIMES = Array.from({ length: 2000 }, (_, at) => BigInt(at + 2)).filter((number, _, all) =>
  all.every((smaller) => smaller * smaller > number || number % smaller !== 0n),
);

/** Makes a DSA key (FIPS 186-4, L = 2048 and N = 256) in the form that OpenSSL and Go write: PEM of p, q, g, y, x. */
export function newDsaKeyPem(context: CallContext): string {
  const { p, q } = primes(context);
  const g = generator(p, q);
  const x = (randomBits(ORDER_BITS + 64, context) % (q - 1n)) + 1n;
  const y = power(g, x, p);
  return writePem(
    "DSA PRIVATE KEY",
    sequence(...[0n, p, q, g, y, x].map((number) => unsigned(bytesOf(number)))),
  );
}

/** A prime q, and a prime p with p − 1 a multiple of q. */
function primes(context: CallContext): { p: bigint; q: bigint } {
  for (;;) {
    const q = randomBits(ORDER_BITS, context) | (1n << BigInt(ORDER_BITS - 1)) | 1n;
    if (!isPrime(q, context)) continue;
    for (let attempt = 0; attempt < 4 * PRIME_BITS; attempt++) {
      const start = randomBits(PRIME_BITS, context) | (1n << BigInt(PRIME_BITS - 1)) | 1n;
      const p = start - ((start % (2n * q)) - 1n);
      if (p >> BigInt(PRIME_BITS - 1) === 1n && isPrime(p, context)) return { p, q };
    }
  }
}

function generator(p: bigint, q: bigint): bigint {
  for (let base = 2n; ; base++) {
    const g = power(base, (p - 1n) / q, p);
    if (g !== 1n) return g;
  }
}

/** Miller and Rabin's test. */
function isPrime(number: bigint, context: CallContext): boolean {
  if (SMALL_PRIMES.some((prime) => number % prime === 0n)) return false;
  let odd = number - 1n;
  let twos = 0;
  for (; odd % 2n === 0n; odd /= 2n) twos++;
  for (let round = 0; round < ROUNDS; round++) {
    context.spend(STEPS_A_POWER);
    const base = (randomBits(ORDER_BITS - 8, context) % (number - 3n)) + 2n;
    if (isWitness(power(base, odd, number), twos, number)) return false;
  }
  return true;
}

function isWitness(start: bigint, twos: number, number: bigint): boolean {
  if (start === 1n || start === number - 1n) return false;
  let value = start;
  for (let at = 1; at < twos; at++) {
    value = (value * value) % number;
    if (value === number - 1n) return false;
  }
  return true;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (const digit of exponent.toString(2)) {
    result = (result * result) % modulus;
    if (digit === "1") result = (result * base) % modulus;
  }
  return result;
}

function randomBits(count: number, context: CallContext): bigint {
  return BigInt(`0x${bytesToHex(context.randomBytes(count / 8))}`);
}

function bytesOf(number: bigint): Uint8Array {
  const hex = number.toString(16);
  const even = hex.length % 2 === 0 ? hex : `0${hex}`;
  return Uint8Array.from(even.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}
