import { X509Certificate } from "node:crypto";
import { parseDurationMs } from "../../shared/duration.ts";
import { UsageError } from "../../shared/errors.ts";
import type { KeyRequest } from "../../shared/seal/issue-certificate.node.ts";
import type { KeysOptions } from "./keys-options.ts";
import type { SealingKey } from "./sealing-key.ts";

const HOUR_MS = 3_600_000;
/** As the controller has them where it is told nothing else. */
const DEFAULTS = { keyBits: 4096, ttlMs: 87_600 * HOUR_MS, prefix: "sealed-secrets-key" };
/** In bits. */
const [SHORTEST_KEY, LONGEST_KEY] = [2048, 16_384];
/** A thousand years: certificates know no year of five digits. */
const LONGEST_TTL_MS = 8_766_000 * HOUR_MS;
/** As much as the name of a certificate holds. */
const LONGEST_NAME = 64;

/** What was asked for of a new key, by the flags that a controller has for it; null for what was not. */
export type KeyWishes = {
  keyBits: number | null;
  ttlMs: number | null;
  commonName: string | null;
  /** Begin of the name of its Secret. */
  prefix: string;
};

/** Reads those flags. @throws UsageError for what a controller would not take either. */
export function keyWishes(options: KeysOptions): KeyWishes {
  return {
    keyBits: keySize(options["key-size"]),
    ttlMs: validity(options["key-ttl"]),
    commonName: commonName(options["my-cn"]),
    prefix: prefix(options["key-prefix"]),
  };
}

/** The key to make: like that one, but for what was asked for. @param model null: as controllers have it. */
export function requestLike(model: SealingKey | null, wishes: KeyWishes): KeyRequest {
  const before = model?.certificate;
  const validFor =
    before === undefined ? DEFAULTS.ttlMs : before.notAfter.getTime() - before.notBefore.getTime();
  const bits = before?.publicKey.asymmetricKeyDetails?.modulusLength ?? DEFAULTS.keyBits;
  return {
    keyBits: wishes.keyBits ?? Math.min(Math.max(SHORTEST_KEY, bits), LONGEST_KEY),
    commonName: wishes.commonName ?? (before === undefined ? "" : commonNameOf(before.pem)),
    ttlMs: wishes.ttlMs ?? Math.min(Math.max(HOUR_MS, validFor), LONGEST_TTL_MS),
  };
}

/** Empty where there is none, or more than one line of it. */
function commonNameOf(pem: string): string {
  const { CN: name } = new X509Certificate(pem).toLegacyObject().subject as { CN?: unknown };
  return typeof name === "string" && isName(name) ? name : "";
}

function isName(text: string): boolean {
  return text.length <= LONGEST_NAME && !/\p{Cc}/u.test(text);
}

function keySize(text: string | null): number | null {
  if (text === null) return null;
  const bits = /^\d{4,5}$/.test(text) ? Number(text) : 0;
  if (bits >= SHORTEST_KEY && bits <= LONGEST_KEY) return bits;
  throw new UsageError(
    "--key-size is no length of a key",
    `give a number of bits from ${SHORTEST_KEY} to ${LONGEST_KEY}`,
  );
}

function validity(text: string | null): number | null {
  if (text === null) return null;
  const ms = parseDurationMs(text);
  if (ms !== null && ms >= HOUR_MS && ms <= LONGEST_TTL_MS) return ms;
  throw new UsageError(
    "--key-ttl is no validity of a certificate",
    "give a duration such as 720h or 1h30m, from 1h to 8766000h",
  );
}

function commonName(text: string | null): string | null {
  if (text === null || isName(text)) return text;
  throw new UsageError("--my-cn is no common name", `give at most ${LONGEST_NAME} letters on one line`);
}

function prefix(text: string | null): string {
  if (text === null) return DEFAULTS.prefix;
  if (/^[a-z0-9][a-z0-9-]{0,243}$/.test(text)) return text;
  throw new UsageError(
    "--key-prefix is no begin of the name of a Secret",
    "give at most 244 of a-z, 0-9 and '-', as the controller has it",
  );
}
