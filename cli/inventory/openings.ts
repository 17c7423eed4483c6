import { availableParallelism } from "node:os";
import { readDocuments } from "../../shared/document/read-documents.ts";
import { SealError } from "../../shared/errors.ts";
import { tryValues, type ValuesTried, WHOLE_OBJECT } from "../../shared/open-sealed-secret.ts";
import { scopeLabel, scopeOf } from "../../shared/scope.ts";
import { DamagedValueError } from "../../shared/seal/classic-error.ts";
import { classicUnsealer } from "../../shared/seal/classic-unsealer.ts";
import { runAtMost } from "../../shared/seal/concurrently.ts";
import { byAge, type OpeningKey } from "../../shared/seal/opening-key.ts";
import type { KeyServices, Outcome } from "../../shared/seal/sealer.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { parseSecret } from "../../shared/secret.ts";
import type { SopsOpener } from "../sops-sealed-secret/user-opening.ts";
import type { SealedObject, SealedValue, ValueBackend } from "./sealed-object.ts";

/** What came of trying to open a value. */
export type OpeningOutcome =
  /**
   * `key`: the fingerprint, `kms:ARN`, `vault:MOUNT/KEY`, or the entries of a SOPS document. `marks`: as `markOf` made them, of the
   * plaintext, and for the old whole-object form of each item in it, too.
   */
  | { kind: "opened"; key: string; marks: readonly string[] }
  /** A key at hand is the right one, but the value was sealed for another place: where it stands it opens nowhere. */
  | { kind: "sealed-elsewhere"; key: string }
  /** None of the keys at hand opens it. Whether its key is unknown or it is damaged, nobody can tell. */
  | { kind: "not-opened" }
  /** Whatever key is at hand; `key` is the one that recognised it all the same, where one did. `problem` is a sentence about it. */
  | { kind: "damaged"; key: string | null; problem: string; next: string }
  /** Nobody was asked who could open it, or who was asked did not answer. */
  | { kind: "not-tried"; problem: string; next: string };

/** What values are opened with. */
export type ValueOpener = {
  /** In the order in which they are tried, newest first. Hints of objects change the order and no more. */
  keys: readonly OpeningKey[];
  /** Opens values of AWS KMS and Vault; null where nobody is to be asked. */
  keyServices: KeyServices | null;
  /** Opens SOPS documents; null where nobody is to be asked. */
  sops: SopsOpener | null;
  /** What is remembered of a plaintext in its place; called with each, which is wiped then. Must not give it away. */
  markOf?: (plaintext: Uint8Array) => string | null;
};

/** Private-key work runs in Node's thread pool; more objects at a time than there are cores keep all of them busy. */
const AT_A_TIME = 2 * availableParallelism();

/**
 * Opens every value of objects, on all cores, and says of each what came of it. The same text at the same place is opened once,
 * however often it was found. Plaintexts are wiped; whoever needs to compare them gives `markOf`.
 * @returns an outcome for each value of each object.
 */
export async function openings(
  objects: readonly SealedObject[],
  opener: ValueOpener,
): Promise<Map<SealedValue, OpeningOutcome>> {
  const found = new Map<SealedValue, OpeningOutcome>();
  const known: Known = new Map();
  await runAtMost(
    AT_A_TIME,
    objects.map((object) => async () => {
      // An item and the old form beside it may have one name.
      const groups = Map.groupBy(object.values, (value) =>
        JSON.stringify([value.backend, isWhole(object, value)]),
      );
      for (const values of groups.values()) {
        const backend = values[0]?.backend ?? "unknown";
        const outcomes = await Promise.all(begun(object, backend, values, opener, known));
        for (const [index, value] of values.entries()) found.set(value, outcomes[index] ?? UNKNOWN_FORM);
      }
      return true;
    }),
  );
  return found;
}

/** Whether a value is the old whole-object form. */
function isWhole({ sealedSecret: { spec } }: SealedObject, { item, text }: SealedValue): boolean {
  return item === WHOLE_OBJECT && spec.data === text;
}

/** Values that are being opened, or were, by their text and what they are bound to. */
type Known = Map<string, Promise<OpeningOutcome>>;

/** Opens those of one backend that nobody has opened yet, all at once. @returns what comes of each. */
function begun(
  object: SealedObject,
  backend: ValueBackend,
  values: readonly SealedValue[],
  opener: ValueOpener,
  known: Known,
): (Promise<OpeningOutcome> | undefined)[] {
  const { sealedSecret } = object;
  const place = boundTo(sealedSecret, backend, values);
  const keys = values.map((value) => {
    const item = backend === "classic" ? isWhole(object, value) : value.item;
    return JSON.stringify([backend, place, item, value.text]);
  });
  const fresh = values.filter((_, index) => !known.has(keys[index] ?? ""));
  if (fresh.length > 0) {
    const batch = opened(sealedSecret, backend, fresh, opener);
    for (const [index, value] of values.entries()) {
      if (!fresh.includes(value)) continue;
      known.set(
        keys[index] ?? "",
        batch.then((tried) => toldOf(tried, value.item, isWhole(object, value), opener)),
      );
    }
  }
  return keys.map((key) => known.get(key));
}

/** What decides, beside its text, whether a value opens. */
function boundTo(
  { metadata, spec, sops }: SealedSecret,
  backend: ValueBackend,
  values: readonly SealedValue[],
) {
  const { namespace = "", name, annotations } = metadata;
  const scope = scopeOf({ namespace, name, annotations });
  if (backend === "classic") return Buffer.from(scopeLabel(scope)).toString("hex");
  // Those of key services share data keys, and a SOPS document opens as a whole.
  const whole = backend === "sops" ? [spec.encryptedData, sops ?? null] : values.map(({ text }) => text);
  return JSON.stringify([scope, namespace, whole]);
}

function opened(
  sealedSecret: SealedSecret,
  backend: ValueBackend,
  values: readonly SealedValue[],
  opener: ValueOpener,
): Promise<Tried> {
  switch (backend) {
    case "classic":
      return openClassic(sealedSecret, values, opener);
    case "kms":
    case "vault":
      return openRemote(sealedSecret, backend, values, opener);
    case "sops":
      return openSops(sealedSecret, opener);
    case "unknown":
      return Promise.resolve(UNKNOWN_FORM);
  }
}

/** What came of the values of one backend: each by itself, or all alike. */
type Tried = ReadonlyMap<string, Outcome> | OpeningOutcome;

const LEFT: OpeningOutcome = {
  kind: "not-tried",
  problem: "it was not tried, since others of its object do not open",
  next: "look at those first",
};

const UNKNOWN_FORM: OpeningOutcome = {
  kind: "damaged",
  key: null,
  problem: "it has a form that this version of Signet does not know, or was never sealed",
  next: "seal it; if it is a plain value, it stands there for all to read: change it, too",
};

/** Each value by itself: what else of its object nobody would take, a name for one, keeps no thief from opening it. */
async function openClassic(
  { metadata }: SealedSecret,
  values: readonly SealedValue[],
  { keys }: ValueOpener,
): Promise<Tried> {
  const { namespace = "", name, annotations, creationTimestamp } = metadata;
  const created = new Date(creationTimestamp ?? Number.NaN);
  const ordered = byAge(keys, Number.isNaN(created.getTime()) ? null : created);
  const hints = new Map(values.flatMap(({ item, claimed }) => (claimed === null ? [] : [[item, claimed]])));
  const items = new Map(values.map(({ item, text }) => [item, text]));
  const scope = scopeOf({ namespace, name, annotations });
  const unsealer = classicUnsealer(ordered, { diagnose: true, hints });
  return unsealer.unsealAll(items, { clusterId: null, scope }, new AbortController().signal);
}

async function openRemote(
  { metadata }: SealedSecret,
  backend: "kms" | "vault",
  values: readonly SealedValue[],
  { keyServices }: ValueOpener,
): Promise<Tried> {
  const { namespace = "", name, annotations } = metadata;
  const unsealer = keyServices?.unsealerFor(backend, namespace) ?? null;
  if (unsealer === null) return notAsked(backend === "kms" ? "AWS KMS" : "Vault");
  const items = new Map(values.map(({ item, text }) => [item, text]));
  const scope = scopeOf({ namespace, name, annotations });
  const signal = new AbortController().signal;
  return unlessRefused(unsealer.unsealAll(items, { clusterId: null, scope }, signal));
}

async function openSops(sealedSecret: SealedSecret, { sops }: ValueOpener): Promise<Tried> {
  if (sops === null) return notAsked("the keys of SOPS documents");
  const context = {
    clusterId: null,
    keys: [],
    acceptWholeObject: false,
    diagnose: false,
    giveUpAfter: Number.POSITIVE_INFINITY,
    sops: sops.unwrapperFor,
    findClusterId: sops.clusterId,
  };
  const tried = await unlessRefused(tryValues(sealedSecret, context, new AbortController().signal));
  if ("kind" in tried) return tried;
  return tried.ok ? tried.outcomes : notOpenedAsAWhole(tried);
}

function notOpenedAsAWhole({ problem, hint, sops }: Extract<ValuesTried, { ok: false }>): OpeningOutcome {
  if (sops === "no-key") return { kind: "not-opened" };
  return { kind: "damaged", key: null, problem, next: hint ?? "seal it again" };
}

/** A key service that does not let us, or does not answer, is no fault of the value. */
async function unlessRefused<Result>(work: Promise<Result>): Promise<Result | OpeningOutcome> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    return { kind: "not-tried", problem: error.message, next: error.hint };
  }
}

function notAsked(whom: string): OpeningOutcome {
  return {
    kind: "not-tried",
    problem: `${whom} was not asked`,
    next: "give --open to open values with your own rights",
  };
}

function toldOf(tried: Tried, item: string, isWhole: boolean, { markOf }: ValueOpener): OpeningOutcome {
  if ("kind" in tried) return tried;
  const outcome = tried.get(item);
  switch (outcome?.kind) {
    case "opened": {
      const marks = markOf === undefined ? [] : marksOf(outcome.plaintext, isWhole, markOf);
      outcome.plaintext.fill(0);
      return { kind: "opened", key: outcome.keyId, marks };
    }
    case "sealed-elsewhere":
      return { kind: "sealed-elsewhere", key: outcome.keyId };
    case "not-my-key":
      return { kind: "not-opened" };
    case "malformed": {
      const { error } = outcome;
      const key = error instanceof DamagedValueError ? error.fingerprint : null;
      return { kind: "damaged", key, problem: error.message, next: error.hint };
    }
    default:
      return LEFT;
  }
}

function marksOf(
  plaintext: Uint8Array,
  isWhole: boolean,
  markOf: NonNullable<ValueOpener["markOf"]>,
): string[] {
  const all = [plaintext, ...(isWhole ? itemsInside(plaintext) : [])].map(markOf);
  return all.filter((mark) => mark !== null);
}

/** The items of a Secret that was sealed whole; none where it is no Secret. */
function itemsInside(plaintext: Uint8Array): Uint8Array[] {
  try {
    const [document] = readDocuments(plaintext, WHOLE_OBJECT);
    return [...parseSecret(document?.value, WHOLE_OBJECT).items.values()];
  } catch (error) {
    if (error instanceof SealError) return [];
    throw error;
  }
}
