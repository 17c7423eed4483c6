import { InputError, SealError, UsageError } from "../../shared/errors.ts";
import { KubeApiError } from "../../shared/kube/api-error.ts";
import { COMPROMISED, RETIRED } from "../../shared/sealing-key-secret.ts";
import { counted } from "../counted.ts";
import { objectsInCluster } from "../inventory/cluster.ts";
import type { Inventory } from "../inventory/sealed-object.ts";
import { objectsInTrees } from "../inventory/trees.ts";
import type { Io } from "../io.ts";
import { type KeyConnection, readableKeys, say, withKeysToWrite } from "./connected-secrets.ts";
import { type Dependence, dependents, foundLine } from "./dependents.ts";
import { foremostKeys, hasBegun } from "./foremost-keys.ts";
import type { KeyAction } from "./key-action.ts";
import { keysAtHand, newestFirst } from "./keys-at-hand.ts";
import type { KeysOptions } from "./keys-options.ts";
import { isFingerprint, keysNamed } from "./named-key.ts";
import { byForce, neededKeys, neededText, withoutNeeded } from "./needed-keys.ts";
import type { PublishedKeys } from "./published-keys.ts";
import type { SealingKey } from "./sealing-key.ts";
import { takeBackCommand } from "./taken-out.ts";
import { withoutHollowTwins } from "./twin-keys.ts";

/** `signet keys retire`: takes keys out that nothing needs any more. */
export const retireKeys: KeyAction = {
  flags: ["in", "private-key", "recovery-private-key", "compromised", "force", "dry-run"],
  async run(names, options, io) {
    if (names.length === 0)
      throw new UsageError(
        "it is not said which keys to retire",
        "name their Secrets or fingerprints; signet keys list shows both",
      );
    const forced = forcedFingerprints(options.force);
    await withKeysToWrite(options, io, async (connection) => {
      const { secrets, published, namespace } = connection;
      const found = await secrets.all();
      const label = options.compromised ? COMPROMISED : RETIRED;
      const named = new Map(
        names.flatMap((name) => keysNamed(name, found, namespace)).map((key) => [key.name, key]),
      );
      requireNamed(forced, [...named.values()]);
      const [going, out] = [...named.values()].reduce<[SealingKey[], SealingKey[]]>(
        ([inUse, others], key) => (key.isInUse ? [[...inUse, key], others] : [inUse, [...others, key]]),
        [[], []],
      );
      const keys = found.flatMap((secret) => readableKeys(secret, () => undefined, { toWrite: false }));
      if (going.length > 0) {
        const others = keys.filter((key) => key.isInUse && hasBegun(key, io.now()) && !named.has(key.name));
        const staying = await withoutHollowTwins(others, going, options, io);
        requireSpared(going, staying, keys, await published(), io.now());
        await requireUnneeded({ going, staying, forced, connection, options, io });
      }
      const isDry = options["dry-run"];
      for (const key of out) await relabelTakenOut(key, label, isDry, connection, io);
      for (const key of going) {
        // Before it: whoever is interrupted then has the line.
        if (!isDry) say(io, `to take ${key.name} back: ${takeBackCommand(key)}`);
        if (!isDry) await secrets.mark(key.secret, { label });
        say(
          io,
          `sealing key ${key.name} (${key.certificate.fingerprint}) ${isDry ? "would be" : "is"} ${label}`,
        );
      }
      if (!isDry) for (const text of afterwards(going, out, label)) say(io, text);
    });
  },
};

type Retiring = {
  going: readonly SealingKey[];
  staying: readonly SealingKey[];
  /** Whole fingerprints of keys that go whatever depends on them. */
  forced: ReadonlySet<string>;
  connection: KeyConnection;
  options: KeysOptions;
  io: Io;
};

/** @throws UsageError when one is no whole fingerprint. */
function forcedFingerprints(texts: readonly string[]): ReadonlySet<string> {
  if (texts.every(isFingerprint)) return new Set(texts);
  throw new UsageError(
    "--force takes whole fingerprints",
    "write SHA256: and 43 letters, as signet keys list shows it; no part of one does here",
  );
}

/** @throws InputError when a fingerprint is none of a key that is named: it is another one than was meant. */
function requireNamed(forced: ReadonlySet<string>, named: readonly SealingKey[]): void {
  const fingerprints = new Set(named.map(({ certificate }) => certificate.fingerprint));
  const missing = [...forced].find((one) => !fingerprints.has(one));
  if (missing === undefined) return;
  throw new InputError(
    `--force names ${missing}, which is the fingerprint of no key that is to be retired`,
    "name that key, too, by its Secret or its fingerprint, or leave its fingerprint out of --force",
  );
}

/** @throws InputError for the key that seals, or is to, and for the last ones. */
function requireSpared(
  going: readonly SealingKey[],
  staying: readonly SealingKey[],
  keys: readonly SealingKey[],
  published: PublishedKeys,
  now: Date,
): void {
  const left = new Set(staying.map(({ certificate }) => certificate.fingerprint));
  if (left.size === 0)
    throw new InputError("no sealing key would be left in use", "make a new key first: signet keys new");
  const { sealing } = published;
  const sealingNow = typeof sealing === "string" ? [] : [sealing.fingerprint];
  // The controller may not have seen yet what the Secrets say.
  const toSeal = foremostKeys(keys, published, now).map(({ certificate }) => certificate.fingerprint);
  const spared = new Set([...sealingNow, ...toSeal]);
  const refused = going.find(
    ({ certificate: { fingerprint } }) => spared.has(fingerprint) && !left.has(fingerprint),
  );
  if (refused === undefined) return;
  const { name, certificate } = refused;
  throw new InputError(
    sealingNow.includes(certificate.fingerprint)
      ? `sealing key ${name} (${certificate.fingerprint}) is the one that seals`
      : `sealing key ${name} (${certificate.fingerprint}) is the one to seal by what the key Secrets say`,
    "have another one seal first, with signet keys promote or signet keys new, and seal everything anew under it: signet rotate",
  );
}

/** @throws InputError unless all that was found opens with the keys that stay, or the keys go by force. */
async function requireUnneeded(retiring: Retiring): Promise<void> {
  const { going, forced, options, io } = retiring;
  const isForced = going.every(({ certificate }) => forced.has(certificate.fingerprint));
  const found = await lookedAt(retiring, isForced);
  const { needing, unaffected, atHand } = await dependence(retiring, found);
  for (const line of unaffectedLines(unaffected)) say(io, line);
  for (const one of needing) say(io, foundLine(one));
  for (const { where, problem } of found.problems) say(io, `${where}: not looked at: ${problem}`);
  const [values, objects] = [valuesIn(needing), needing.length];
  const unread = found.problems.length;
  if (values === 0 && unread === 0) return;
  const what = [
    ...(values === 0
      ? []
      : [
          `${counted(values, "value")} of ${counted(objects, "object")} ${values === 1 ? "does" : "do"} not open with the keys that stay`,
        ]),
    ...(unread === 0 ? [] : [`${counted(unread, "place")} could not be looked at`]),
  ].join(", and ");
  if (isForced) {
    say(io, `warning: ${what}; the keys go all the same`);
    return;
  }
  const needed = neededKeys(going, needing, atHand);
  const by = neededText(needed);
  // What could not be looked at may need any of them.
  const inTheWay = unread > 0 || needed.length === 0 ? going : needed.map(({ key }) => key);
  const others = unread > 0 ? null : withoutNeeded(going, needed, options);
  const next = [
    ...(others === null ? [] : [others]),
    ...(values === 0
      ? []
      : [
          "seal those values anew (signet rotate), apply them and wait until they are in sync, or delete them",
        ]),
    ...(unread === 0 ? [] : ["see to it that what is named can be read"]),
    byForce(inTheWay, going),
  ];
  throw new InputError(`no key was retired: ${what}${by === "" ? "" : `; ${by}`}`, next.join("; "));
}

/** Everything in the cluster, and in the trees that were named. */
async function lookedAt({ going, connection, options, io }: Retiring, isForced: boolean): Promise<Inventory> {
  const { client, timeoutMs } = connection;
  const inTrees =
    options.in.length === 0
      ? { objects: [], problems: [] }
      : await objectsInTrees(options.in, io, options.namespace);
  try {
    const inCluster = await objectsInCluster(client, null, timeoutMs);
    return {
      objects: [...inCluster.objects, ...inTrees.objects],
      problems: [...inCluster.problems, ...inTrees.problems],
    };
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    if (!isForced && error instanceof KubeApiError && error.status === 403)
      throw new InputError(
        `no key was retired: what needs them in the cluster is not known: ${error.message}`,
        `have somebody do it who may list the SealedSecrets of all namespaces; ${byForce(going, going)}`,
      );
    if (!isForced) throw error;
    const problem = { where: "the cluster", problem: error.message, next: error.hint };
    return { ...inTrees, problems: [problem, ...inTrees.problems] };
  }
}

async function dependence(
  { going, staying, options, io }: Retiring,
  { objects }: Inventory,
): Promise<Dependence & { atHand: ReadonlySet<string> }> {
  const opening = await keysAtHand([...staying, ...going], options, io);
  const halves = (keys: readonly SealingKey[]) => newestFirst(keys.flatMap((key) => opening.get(key) ?? []));
  const atHand = new Set(halves(going).map(({ fingerprint }) => fingerprint));
  const hasAllGoing = going.every(({ certificate }) => atHand.has(certificate.fingerprint));
  const found = await dependents(objects, { staying: halves(staying), going: halves(going), hasAllGoing });
  return { ...found, atHand };
}

/** Whoever may create SealedSecrets decides how many there are. */
const MOST_UNAFFECTED = 10;

function unaffectedLines(found: Dependence["unaffected"]): string[] {
  if (found.length === 0) return [];
  const values = valuesIn(found);
  const what = `${counted(values, "value")} of ${counted(found.length, "object")}`;
  const left = found.length - MOST_UNAFFECTED;
  return [
    `note: ${what} ${values === 1 ? "opens" : "open"} with no key at hand, nor with any that is to go: not in the way`,
    ...found.slice(0, MOST_UNAFFECTED).map((one) => `  ${foundLine(one)}`),
    ...(left > 0 ? [`  and ${counted(left, "more object")}; signet audit --open lists them all`] : []),
  ];
}

function valuesIn(found: Dependence["needing"]): number {
  return found.reduce((sum, { values }) => sum + values.length, 0);
}

/** One that is out already: what was retired may turn out to be compromised. */
async function relabelTakenOut(
  key: SealingKey,
  label: string,
  isDry: boolean,
  { secrets }: KeyConnection,
  io: Io,
): Promise<void> {
  const changes = label === COMPROMISED && key.label !== COMPROMISED;
  if (changes && !isDry) await secrets.mark(key.secret, { label });
  const [state, verb] = changes ? [label, isDry ? "would be" : "is"] : [`${key.label} already`, "is"];
  say(io, `sealing key ${key.name} (${key.certificate.fingerprint}) ${verb} ${state}`);
}

function afterwards(going: readonly SealingKey[], out: readonly SealingKey[], label: string): string[] {
  const notes =
    going.length === 0
      ? []
      : [
          "note: nothing was deleted: the Secrets stay, and hold the keys; Git history was not looked at, and older revisions need them",
        ];
  if (label !== COMPROMISED) return notes;
  const fingerprints = new Set([...going, ...out].map(({ certificate }) => certificate.fingerprint));
  return [
    ...notes,
    "warning: whoever has such a key opens all that was ever sealed under it, and sealing that anew does not help: change those values; what lists them:",
    ...[...fingerprints].map((one) => `  signet audit --compromised ${one} --history`),
  ];
}
