import { InputError, SealError, UsageError } from "../../shared/errors.ts";
import { readCertificate } from "../../shared/seal/certificate.node.ts";
import { issueKey } from "../../shared/seal/issue-certificate.node.ts";
import { keySecret } from "../../shared/seal/new-key-secret.node.ts";
import { successorName } from "../../shared/seal/successor-name.node.ts";
import { parseWrappingKey, type WrappingKey, wrappingKeyText } from "../../shared/seal/wrapping-key.ts";
import { AWAITS_BACKUP_ANNOTATION, AWAITS_PROMOTION_ANNOTATION } from "../../shared/sealing-key-secret.ts";
import { shellWord } from "../../shared/shell-word.ts";
import { clusterToBindTo } from "../cluster-identity.ts";
import { counted } from "../counted.ts";
import type { Io } from "../io.ts";
import { noticesOf } from "../notices.ts";
import { BACK_UP_COMMANDS } from "./back-up-commands.ts";
import { type KeyConnection, readableKeys, say, withKeysToWrite } from "./connected-secrets.ts";
import { byAge } from "./foremost-keys.ts";
import type { KeyAction } from "./key-action.ts";
import { type KeyWishes, keyWishes, requestLike } from "./key-request.ts";
import type { KeySecretObject } from "./key-secrets.ts";
import type { KeysOptions } from "./keys-options.ts";
import { loadableKeys, modelKey } from "./model-key.ts";
import { promotion, promotionMoment, sealingBefore } from "./promote-key.ts";
import type { PublishedKeys } from "./published-keys.ts";
import type { SealingKey } from "./sealing-key.ts";
import { wrappedSecret } from "./wrapped-secret.ts";
import { UserWrappingServices } from "./wrapping-services.ts";

/** `signet keys new`: makes a sealing key that seals from now on. */
export const newKey: KeyAction = {
  flags: ["key-size", "key-ttl", "my-cn", "key-prefix", "with", "dry-run", "without-backup"],
  async run(names, options, io) {
    if (names.length > 0)
      throw new UsageError(
        "keys new takes no names",
        "the name of the Secret follows from the key that it succeeds",
      );
    const wishes = keyWishes(options);
    await withKeysToWrite(options, io, async (connection) => {
      const found = await connection.secrets.all();
      const published = await connection.published();
      const keys = found
        .flatMap((secret) => readableKeys(secret, () => undefined, { toWrite: false }))
        .filter(({ isInUse }) => isInUse);
      await make({ keys, taken: found, published, wishes, connection, options, io });
    });
  },
};

type Making = {
  /** Those in use. */
  keys: readonly SealingKey[];
  /** All key Secrets, whatever is in them. */
  taken: readonly KeySecretObject[];
  published: PublishedKeys;
  wishes: KeyWishes;
  connection: KeyConnection;
  options: KeysOptions;
  io: Io;
};

/** Names that may be taken by Secrets that have nothing to do with it. */
const MAX_NAMES = 30;

async function make(making: Making): Promise<void> {
  const { keys, published, connection, options, io } = making;
  const { settings } = published;
  if (!options["without-backup"]) requireNoneWaiting(keys, published);
  const by = wrappingKey(making);
  const order = typeof settings === "string" ? "CertNotBefore" : settings.order;
  const now = io.now();
  const loadable = await loadableKeys(keys, now);
  const predecessor = [...loadable].sort(byAge(order))[0] ?? null;
  const begins = loadable.map(({ certificate }) => certificate.notBefore.getTime() + 1000);
  // Of two that began within one second, neither would be told to be the newer.
  const begin = new Date(Math.max(now.getTime(), ...begins));
  const issued = await issueKey(requestLike(modelKey(loadable, published, now), making.wishes), begin);
  const { fingerprint } = readCertificate(issued.certificatePem);
  // Always: who can write the ConfigMap could else have it seal at once. Without --require-backup it says nothing.
  const isSuccessor = keys.length > 0;
  const place = {
    namespace: connection.namespace,
    labels: {},
    annotations: isSuccessor
      ? { [AWAITS_BACKUP_ANNOTATION]: "true", [AWAITS_PROMOTION_ANNOTATION]: "true" }
      : {},
  };
  const services = new UserWrappingServices(options, io, noticesOf(io, { ...options, v: 0 }));
  try {
    if (by !== null) services.requireAllowed(by, connection.namespace, namedOnCommandLine(options));
    const cluster = await clusterOf(by, options, io);
    const named = { cluster, predecessor: predecessor?.certificate.fingerprint ?? null };
    const moving = { services, clusterId: cluster ?? "", to: by };
    const secretAt = (name: string) => wrappedSecret(keySecret(issued, { ...place, name }), moving);
    const { name, secret } = await written(making, named, secretAt);
    // So that it is known for meant, however many keys there are: whoever creates Secrets, and no more, cannot write this.
    if (secret !== null) await promote(secret, new Date(promotionMoment(keys, now)), connection);
    const isDry = options["dry-run"];
    say(io, `before: ${sealingBefore(keys, published, now)}`);
    const how = by === null ? "" : `, wrapped by ${wrappingKeyText(by)}`;
    say(io, `sealing key ${name} (${fingerprint}) ${isDry ? "would be" : "is"} made${how}`);
    for (const text of whenItSeals({ others: keys.length, published, begin, now, isDry })) say(io, text);
    for (const text of waitingNotes(keys)) say(io, text);
  } finally {
    await services.close();
  }
}

/** @throws InputError where a key waits for its backup already: one more would not seal any sooner. */
function requireNoneWaiting(keys: readonly SealingKey[], { settings, sealing }: PublishedKeys): void {
  if (typeof settings !== "string" && !settings.requireBackup) return;
  const seals = typeof sealing === "string" ? null : sealing.fingerprint;
  const waiting = keys.filter((key) => key.awaitsBackup && key.certificate.fingerprint !== seals);
  const [first] = waiting;
  if (first === undefined) return;
  const namesOf = (found: readonly SealingKey[], between: string) =>
    found.map(({ name }) => shellWord(name)).join(between);
  const unknown = waiting.filter(({ promoted }) => promoted === null);
  const strange =
    unknown.length === 0
      ? ""
      : `nobody promoted ${namesOf(unknown, ", ")}, and whoever may create Secrets can make such a key: find out first who did, and if nobody did: signet keys retire ${namesOf(unknown, " ")}; if it is yours, `;
  const seal =
    first.promoted === null && first.isMadeToWait
      ? `, and: signet keys promote ${shellWord(first.name)}`
      : "";
  throw new InputError(
    `no key is made: ${namesOf(waiting, ", ")} ${waiting.length === 1 ? "waits" : "wait"} for a backup already`,
    `${strange}back it up: signet keys backup -w FILE --age RECIPIENT, then, once it is stored: signet keys backup --confirm FILE${seal}; for one more all the same: --without-backup`,
  );
}

/** Whoever may create Secrets decides how many there are. */
const MOST_WAITING = 5;

/** Keys that were made before, and never promoted: by a run that was interrupted perhaps. */
function waitingNotes(keys: readonly SealingKey[]): string[] {
  // What came from a backup waits for nothing: it opens.
  const waiting = keys.filter((key) => key.isMadeToWait && !key.isRestored && key.promoted === null);
  const left = waiting.length - MOST_WAITING;
  return [
    ...waiting
      .slice(0, MOST_WAITING)
      .map(
        ({ name }) =>
          `note: ${name} waits for promotion: find out who made it; promote it with signet keys promote ${shellWord(name)}, or retire it`,
      ),
    ...(left > 0
      ? [`note: so ${left === 1 ? "does" : "do"} ${counted(left, "more key")}; signet keys list shows them`]
      : []),
  ];
}

/** The key that the new one is to be wrapped by; null for none. @throws InputError where that cannot be told. */
function wrappingKey({ keys, published: { settings } }: Making): WrappingKey | null {
  if (typeof settings !== "string") {
    const by = settings.wrap === null ? null : parseWrappingKey(settings.wrap);
    if (settings.wrap === null) requireNoneWrapped(keys);
    if (settings.wrap === null || by !== null) return by;
    throw new InputError(
      "what the controller publishes as its wrapping key is none",
      "find out who changed its ConfigMap sealed-secrets-certificate",
    );
  }
  if (keys.every(({ wrappedBy }) => wrappedBy === null)) return null;
  throw new InputError(
    `it is not known by which key the controller has new keys wrapped: ${settings}`,
    "start the controller, or get the right to read that ConfigMap",
  );
}

/** @throws InputError: that keys are wrapped no more is not to be believed of a ConfigMap while they are. */
function requireNoneWrapped(keys: readonly SealingKey[]): void {
  const found = keys.find(({ wrappedBy }) => wrappedBy !== null);
  if (found === undefined) return;
  throw new InputError(
    `sealing key ${found.name} is wrapped, and the controller's ConfigMap names no key to wrap the new one by`,
    `find out who made that Secret, and if nobody did: signet keys retire ${shellWord(found.name)}; else who changed the ConfigMap sealed-secrets-certificate; if wrapping was given up, first: signet keys unwrap --all`,
  );
}

/** A wrapped key is bound to its cluster; of another one only the name of its Secret follows from it. */
async function clusterOf(by: WrappingKey | null, options: KeysOptions, io: Io): Promise<string | null> {
  try {
    return await clusterToBindTo(options, io);
  } catch (error) {
    if (by !== null || !(error instanceof SealError)) throw error;
    return null;
  }
}

/**
 * Writes the Secret under the name that a controller would give it: whoever makes a key at the same time meets it there.
 * @returns its name, and what was written; null in a dry run.
 */
async function written(
  { keys, taken, connection, options, wishes: { prefix } }: Making,
  named: { cluster: string | null; predecessor: string | null },
  secretAt: (name: string) => Promise<KeySecretObject>,
): Promise<{ name: string; secret: KeySecretObject | null }> {
  const inUse = new Set(keys.map(({ name }) => name));
  const others = new Set(taken.map(({ metadata }) => metadata.name));
  for (let counter = 0; counter < MAX_NAMES; counter++) {
    const name = successorName(prefix, { ...named, counter });
    if (others.has(name) && !inUse.has(name)) continue;
    if (!inUse.has(name)) {
      const body = await secretAt(name);
      if (options["dry-run"]) return { name, secret: null };
      connection.writes.next = `where ${name} is there and waits for promotion: signet keys promote ${shellWord(name)}; the same again makes one more key`;
      const secret = await connection.secrets.create(body);
      if (secret !== null) return { name, secret };
    }
    const there = await connection.secrets.inUse();
    if (there.some(({ metadata }) => metadata.name === name))
      throw new InputError(
        `somebody else made a key at the same time: ${name}`,
        "see signet keys list; for one more, run the command again",
      );
  }
  throw new InputError(
    `all names for a new key with the prefix ${prefix} are taken`,
    "delete Secrets of keys that were retired long ago, of which a backup is at hand",
  );
}

/** @throws InputError where it cannot be promoted: it stands all the same. */
async function promote(secret: KeySecretObject, at: Date, { secrets }: KeyConnection): Promise<void> {
  try {
    await secrets.mark(secret, { annotations: promotion(secret, at) });
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    const { name = "" } = secret.metadata;
    throw new InputError(
      `sealing key ${name} is made, and could not be promoted: ${error.message}`,
      `have it seal with: signet keys promote ${shellWord(name)}`,
    );
  }
}

type Sealing = { others: number; published: PublishedKeys; begin: Date; now: Date; isDry: boolean };

function whenItSeals({ others, published: { settings, sealing }, begin, now, isDry }: Sealing): string[] {
  const isAhead = begin.getTime() > now.getTime() + 1000;
  const from = isAhead ? `, from ${begin.toISOString()}` : "";
  const [seals, is, has] = isDry ? ["would seal", "was", "had"] : ["seals", "is", "has"];
  const mayWait = others > 0 && (typeof settings === "string" || settings.requireBackup);
  if (mayWait) {
    const why = typeof settings === "string" ? "if the controller has" : "the controller has";
    const then = typeof settings === "string" ? "" : "so ";
    return [
      `note: ${why} --require-backup, ${then}it ${seals} once its backup ${is} confirmed: ${BACK_UP_COMMANDS}`,
    ];
  }
  const fetched = isDry ? "would be had by" : "is had by";
  return [
    typeof sealing === "string"
      ? `note: it ${seals} once a controller ${has} seen it${from}`
      : `note: it ${seals} as soon as the controller ${has} seen it, within seconds${from}; the certificate ${fetched}: signet --fetch-cert`,
    `note: ${isDry ? "it would have to be backed up" : "back it up"}: ${BACK_UP_COMMANDS}`,
  ];
}

function namedOnCommandLine({ with: text }: KeysOptions): WrappingKey | null {
  if (text === null) return null;
  const key = parseWrappingKey(text);
  if (key !== null) return key;
  throw new UsageError(
    "--with is no key of AWS KMS or Vault",
    "write --with kms:ARN or --with vault:MOUNT/KEY",
  );
}
