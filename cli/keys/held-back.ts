import { InputError } from "../../shared/errors.ts";
import type { SealingKey } from "./sealing-key.ts";
import { type Standing, whyItWouldSeal } from "./standing.ts";

/**
 * The keys that are not to be wrapped, each with why: wrapping is not to change which key seals, unless somebody vouches
 * for the key that comes to. Whoever writes Secrets may have put it there.
 * @param accepted fingerprints of keys that somebody vouches for.
 */
export function heldBack(
  keys: readonly SealingKey[],
  than: Standing,
  accepted: ReadonlySet<string>,
): ReadonlyMap<SealingKey, string> {
  const held = new Map<SealingKey, string>();
  for (const key of keys) {
    const isPlain = key.wrappedBy === null && !accepted.has(key.certificate.fingerprint);
    const why = isPlain ? whyItWouldSeal(key, than) : null;
    if (why !== null) held.set(key, why);
  }
  return held;
}

/** Some keys were held back, and the rest is done. */
export function heldBackError(held: ReadonlyMap<SealingKey, string>): InputError {
  return new InputError(
    `${[...held.keys()].map(({ name }) => name).join(", ")}: not wrapped, since wrapping is not to change which key seals`,
    "if you know where such a key comes from and it may seal, name its Secret and give --accept-fingerprint SHA256:…; else take it out",
  );
}
