import { InputError, UsageError } from "../../shared/errors.ts";
import { type WrappingKey, wrappingKeyText } from "../../shared/seal/wrapping-key.ts";
import { BACK_UP_COMMANDS } from "./back-up-commands.ts";
import { hasBegun } from "./foremost-keys.ts";
import type { PublishedKeys } from "./published-keys.ts";
import type { SealingKey } from "./sealing-key.ts";

/** @throws InputError naming a key whose certificate is not valid yet: controllers refuse it until then. */
export function requireBegun(keys: readonly SealingKey[], now: Date): void {
  const early = keys.find((key) => !hasBegun(key, now));
  if (early === undefined) return;
  throw new InputError(
    `Secret ${early.namespace}/${early.name} is no sealing key to use: its certificate is not valid yet`,
    "controllers refuse it until then; check the clocks",
  );
}

/** @throws InputError naming keys that are confirmed to lie nowhere else: they would be lost with what wraps them. */
export function requireBackup(keys: readonly SealingKey[]): void {
  const without = keys.filter(({ backup }) => backup === null).map(({ name }) => name);
  if (without.length === 0) return;
  throw new InputError(
    `of ${without.join(", ")} no backup is confirmed: with the wrapping key, all that was sealed would be lost`,
    `back them up: ${BACK_UP_COMMANDS}; or give --without-backup`,
  );
}

/** @throws InputError unless the controller names the wrapping key: at its next start it could not unwrap by it. */
export function requireNamed(by: WrappingKey, { settings }: PublishedKeys): void {
  const text = wrappingKeyText(by);
  const isKnown = typeof settings !== "string";
  if (isKnown && [settings.wrap, ...settings.unwrap].includes(text)) return;
  throw new InputError(
    isKnown
      ? `the controller names no wrapping key ${text}: at its next start it would unwrap nothing that is wrapped by it`
      : `it is not known which wrapping keys the controller names: ${settings}`,
    `start it with --sealing-key-wrap=${text} or --sealing-key-unwrap=${text} first, or give --ahead-of-controller`,
  );
}

/**
 * Sees that a controller which lets wrapped keys alone seal keeps one to seal with.
 * @param going the keys that are to be unwrapped.
 * @param keys all in use that can be read.
 * @returns what is to be said of them; null for nothing.
 * @throws InputError when none would stay wrapped, or the one that seals would not.
 */
export function requireStillSealing(
  going: readonly SealingKey[],
  keys: readonly SealingKey[],
  published: PublishedKeys,
): string | null {
  const { settings, sealing } = published;
  if (typeof settings === "string" || settings.wrap === null) return null;
  const names = new Set(going.map(({ name }) => name));
  const isLast = keys.every(({ name, wrappedBy }) => wrappedBy === null || names.has(name));
  const seals = typeof sealing === "string" ? null : sealing.fingerprint;
  const sealer = going.find(({ certificate }) => certificate.fingerprint === seals);
  if (!isLast && sealer === undefined)
    return `note: the controller has --sealing-key-wrap=${settings.wrap}, so these keys open there, and do not seal`;
  throw new InputError(
    `the controller has --sealing-key-wrap=${settings.wrap}, so only wrapped keys seal: ` +
      (isLast ? "no key would be left that does" : `${sealer?.name}, which does now, would not`),
    `start it without --sealing-key-wrap and with --sealing-key-unwrap=${settings.wrap} first, or give --ahead-of-controller`,
  );
}

/**
 * Reads the fingerprints of keys that may come to seal.
 * @throws UsageError when one is none.
 */
export function acceptedFingerprints(texts: readonly string[]): ReadonlySet<string> {
  if (texts.every((text) => /^SHA256:[A-Za-z0-9+/]{43}$/.test(text))) return new Set(texts);
  throw new UsageError(
    "--accept-fingerprint is no fingerprint of a key",
    "write SHA256: and 43 letters, as signet keys list shows it",
  );
}

/** @throws InputError when a fingerprint is none of a key that is named: it is another one than was meant. */
export function requireOfThese(accepted: ReadonlySet<string>, keys: readonly SealingKey[]): void {
  const found = new Set(keys.map(({ certificate }) => certificate.fingerprint));
  const missing = [...accepted].find((one) => !found.has(one));
  if (missing === undefined) return;
  throw new InputError(
    `${missing} is the fingerprint of no key that is named`,
    "see signet keys list, and find out who changed the Secret",
  );
}
