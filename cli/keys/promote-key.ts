import { InputError, UsageError } from "../../shared/errors.ts";
import { promotionMark, promotionText } from "../../shared/promotion-time.ts";
import { AWAITS_PROMOTION_ANNOTATION, PRIMARY_ANNOTATION } from "../../shared/sealing-key-secret.ts";
import { BACK_UP_COMMANDS } from "./back-up-commands.ts";
import { readableKeys, say, withKeysToWrite } from "./connected-secrets.ts";
import { countingPromotion, foremostKeys, promotedAt } from "./foremost-keys.ts";
import type { KeyAction } from "./key-action.ts";
import type { KeySecretObject } from "./key-secrets.ts";
import { requireBegun } from "./move-consent.ts";
import { keyNamed } from "./named-key.ts";
import type { PublishedKeys } from "./published-keys.ts";
import type { SealingKey } from "./sealing-key.ts";
import { takeBackCommand } from "./taken-out.ts";

/** `signet keys promote`: has a key seal from now on, however old it is. */
export const promoteKey: KeyAction = {
  flags: ["dry-run"],
  async run([name, ...others], options, io) {
    if (name === undefined || others.length > 0)
      throw new UsageError(
        name === undefined ? "it is not said which key to promote" : "one key is promoted at a time",
        "name its Secret or its fingerprint; signet keys list shows both",
      );
    await withKeysToWrite(options, io, async ({ secrets, published, namespace }) => {
      const found = await secrets.all();
      const key = keyNamed(name, found, namespace);
      const known = await published();
      const now = io.now();
      requireFit(key, known, now);
      requireMeant(key, name);
      const keys = found.flatMap((secret) => readableKeys(secret, () => undefined, { toWrite: false }));
      if (sealsAlready(key, keys, known, now)) {
        say(io, `${named(key)} seals already, promoted ${key.promoted}: nothing is written`);
        for (const note of earlyNotes(key, keys, now)) say(io, note);
        return;
      }
      const at = new Date(promotionMoment(keys, now));
      const isDry = options["dry-run"];
      say(io, `before: ${sealingBefore(keys, known, now)}`);
      if (!isDry) await secrets.mark(key.secret, { annotations: promotion(key.secret, at) });
      say(io, `${isDry ? "it would be" : "after"}: ${named(key)} seals, promoted ${promotionText(at)}`);
      for (const note of notes(key, keys, known, now)) say(io, note);
    });
  },
};

/** What promotes a key, beside it: it names the very Secret, which whoever creates one cannot. */
export function promotion({ metadata }: KeySecretObject, at: Date): Record<string, string | null> {
  return {
    [PRIMARY_ANNOTATION]: promotionMark(at, metadata.uid ?? ""),
    [AWAITS_PROMOTION_ANNOTATION]: null,
  };
}

/** @throws InputError for a key that would not seal, or with which nobody would seal, once it is promoted. */
function requireFit(key: SealingKey, { settings }: PublishedKeys, now: Date): void {
  const { name, namespace, label, certificate } = key;
  const refuse = (problem: string, hint: string) =>
    new InputError(`sealing key ${namespace}/${name} is not promoted: ${problem}`, hint);
  if (key.secret.immutable === true)
    throw refuse("its Secret is immutable", "make a new key: signet keys new");
  if (!key.isInUse)
    throw refuse(`it was taken out (${label})`, `take it back first: ${takeBackCommand(key)}`);
  requireBegun([key], now);
  if (certificate.notAfter.getTime() <= now.getTime())
    throw refuse(
      `its certificate ended ${promotionText(certificate.notAfter)}, and nobody seals with one that ended`,
      "make a new key: signet keys new",
    );
  if (typeof settings !== "string" && settings.wrap !== null && key.wrappedBy === null)
    throw refuse(
      `it is not wrapped, and the controller has --sealing-key-wrap=${settings.wrap}, so only wrapped keys seal`,
      "wrap it first, with: signet keys wrap",
    );
}

/** @throws InputError for a key from a backup that is not named by its whole fingerprint: the backup named its Secret. */
function requireMeant({ name, namespace, certificate, isRestored }: SealingKey, text: string): void {
  if (!isRestored || text === certificate.fingerprint) return;
  throw new InputError(
    `sealing key ${namespace}/${name} came from a backup: it is promoted by its whole fingerprint only`,
    `if you know that fingerprint to be right: signet keys promote ${certificate.fingerprint}`,
  );
}

/**
 * Whether a key was promoted, and seals for that by what its controller publishes and by the Secrets. A later time on it
 * would put off the next renewal, which comes a period after it; not while an alarm stands, which that time ends.
 */
function sealsAlready(key: SealingKey, keys: readonly SealingKey[], published: PublishedKeys, now: Date) {
  if (countingPromotion(key, now) === null) return false;
  if (typeof published.sealing === "string" || !published.sealing.isExpected) return false;
  const foremost = foremostKeys(keys, published, now);
  return (
    published.sealing.fingerprint === key.certificate.fingerprint &&
    foremost.length === 1 &&
    foremost[0]?.name === key.name
  );
}

/** A moment, ms since 1970, later than every promotion that counts now: of several the latest counts. */
export function promotionMoment(keys: readonly SealingKey[], now: Date): number {
  const counting = keys.filter(({ isInUse }) => isInUse).map((key) => countingPromotion(key, now) ?? 0);
  const wholeNow = Math.floor(now.getTime() / 1000) * 1000;
  return Math.max(wholeNow, ...counting.map((at) => Math.floor(at / 1000) * 1000 + 1000));
}

/** What seals now, by what the controller publishes, as a clause for people. */
export function sealingBefore(keys: readonly SealingKey[], published: PublishedKeys, now: Date): string {
  const { sealing } = published;
  if (typeof sealing !== "string") {
    const key = keys.find(({ certificate }) => certificate.fingerprint === sealing.fingerprint);
    return key === undefined
      ? `${sealing.fingerprint} seals, of which there is no Secret`
      : `${named(key)} seals`;
  }
  const names = foremostKeys(keys, published, now).map(named);
  const should = names.length === 0 ? "no key may" : `by their Secrets it is ${names.join(" or ")}`;
  return `it is not known which key seals (${sealing}); ${should}`;
}

function notes(
  key: SealingKey,
  keys: readonly SealingKey[],
  { settings }: PublishedKeys,
  now: Date,
): string[] {
  const waits = key.awaitsBackup && (typeof settings === "string" || settings.requireBackup);
  return [
    ...(waits ? [`note: it seals once its backup is confirmed: ${BACK_UP_COMMANDS}`] : []),
    "note: whoever seals with a certificate fetched before goes on doing so, and that opens as before; the new one is had by: signet --fetch-cert",
    ...earlyNotes(key, keys, now),
  ];
}

function earlyNotes(key: SealingKey, keys: readonly SealingKey[], now: Date): string[] {
  const early = keys.filter(
    (one) =>
      one.name !== key.name &&
      one.isInUse &&
      promotedAt(one) !== null &&
      countingPromotion(one, now) === null,
  );
  return early.map(
    (one) =>
      `warning: ${named(one)} is promoted for a time to come, ${one.promoted}, and will seal from then on`,
  );
}

function named({ name, certificate }: SealingKey): string {
  return `${certificate.fingerprint} (${name})`;
}
