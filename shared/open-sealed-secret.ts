import { fromUtf8 } from "./bytes.ts";
import { readDocuments } from "./document/read-documents.ts";
import type { SopsUnwrapper } from "./document/sops/key-services.ts";
import { type Scope, scopeOf } from "./scope.ts";
import { type ClassicOptions, classicUnsealer } from "./seal/classic-unsealer.ts";
import { formOf, type RemoteBackend, remoteBackend } from "./seal/codec.ts";
import type { KeyServiceError } from "./seal/key-service-error.ts";
import { byAge, type OpeningKey } from "./seal/opening-key.ts";
import { clusterToOpenIn } from "./seal/place-binding.ts";
import type { KeyServices, Outcome, Unsealer } from "./seal/sealer.ts";
import type { TrialMemory } from "./seal/trial-memory.ts";
import type { SealedSecret } from "./sealed-secret.ts";
import { readSealingKeyHint } from "./sealing-key-hint.ts";
import { isItemName, parseSecret, type SecretManifest } from "./secret.ts";
import { isSopsSealedSecret } from "./sops-sealed-secret/sops-form.ts";
import type { SopsCause } from "./sops-sealed-secret/sops-refusal.ts";

/** What opening a SealedSecret takes. */
export type OpeningContext = {
  clusterId: string | null;
  /** The opening keys, newest first. */
  keys: readonly OpeningKey[];
  /** Whether the old whole-object form (`spec.data`) is opened. */
  acceptWholeObject: boolean;
  /** Find out what a value was sealed for that no key opens. Never for answers that leave the cluster's API. */
  diagnose: boolean;
  /**
   * So many items of an object that do not open are looked at, fewer with many keys (see `ClassicOptions`), and the rest is
   * left: a flood of them must not hold up others.
   */
  giveUpAfter: number;
  /** Told of each private-key operation. */
  onOperation?: NonNullable<ClassicOptions["onOperation"]>;
  /** Opens `kms:` and `vault:` values. Never for answers over HTTP: whoever asks there is not to have key services asked. */
  keyServices?: KeyServices;
  /**
   * What unwraps the data keys of SealedSecrets that are SOPS documents.
   * @param namespace where the object at hand stands: identities and allow-lists go by it.
   * @returns null where nothing is set up for it. Never for answers over HTTP, as above.
   */
  sops?: (namespace: string) => SopsUnwrapper | null;
  /** Finds out the cluster's id where `clusterId` is null, once a SOPS document has opened that names one. */
  findClusterId?: () => Promise<string>;
  /**
   * Why keys are missing that may open what none at hand does, null for none: thrown instead of saying that none does.
   */
  missing?: KeyServiceError | null;
  /** Where failures are remembered. Never for answers to others: what was tried is nobody else's business. */
  memory?: TrialMemory;
};

/** What a SealedSecret holds once opened: its items, and for the old whole-object form the Secret that lay inside. */
export type Opened = { items: ReadonlyMap<string, Uint8Array>; whole: SecretManifest | null };

/** Why it does not open. `problem` names the items, never a value. */
export type NotOpened =
  | {
      ok: false;
      reason: "UnsealFailed" | "MalformedSealedSecret";
      problem: string;
      /** The next step, where it is another than to seal again. */
      hint?: string;
      /** What it is about a SOPS document. */
      sops?: SopsCause;
    }
  | { ok: false; reason: "UnsealFailed"; outcomes: ReadonlyMap<string, Outcome> };

/** What came of opening a SealedSecret; `keys`: fingerprints of the keys that opened it, sorted. */
export type Opening = { ok: true; opened: Opened; keys: readonly string[] } | NotOpened;

/** What came of opening its values: in the whole-object form there is one, named `data`. */
export type ValuesOpening =
  | {
      ok: true;
      values: ReadonlyMap<string, Uint8Array>;
      form: "items" | "whole-object";
      /** Fingerprints of the keys that opened them, sorted. */
      keys: readonly string[];
    }
  | NotOpened;

/** Item name that stands for the whole-object form in outcomes. */
export const WHOLE_OBJECT = "data";

/**
 * Opens every value of a SealedSecret, or says why not. Templates are neither parsed nor run here, and items that
 * `spec.vault` names are not among them: those are read from Vault by the controller alone.
 * @throws KeyServiceError when a key service could not or may not be asked; the signal's reason when aborted.
 */
export async function openSealedSecret(
  sealedSecret: SealedSecret,
  context: OpeningContext,
  signal: AbortSignal,
): Promise<Opening> {
  const opening = await openValues(sealedSecret, context, signal);
  if (!opening.ok) return opening;
  const { keys } = opening;
  if (opening.form === "items") return { ok: true, opened: { items: opening.values, whole: null }, keys };
  const whole = wholeSecret(opening.values.get(WHOLE_OBJECT) ?? new Uint8Array());
  if (whole === null) return malformed("spec.data does not hold a Secret (apiVersion v1, kind Secret)");
  return { ok: true, opened: { items: whole.items, whole }, keys };
}

/**
 * Opens every value, without a look at what lies inside: for answers that must not tell anything of it.
 * @throws KeyServiceError as {@link openSealedSecret}; the signal's reason when aborted.
 */
export async function openValues(
  sealedSecret: SealedSecret,
  context: OpeningContext,
  signal: AbortSignal,
): Promise<ValuesOpening> {
  const tried = await tryValues(sealedSecret, context, signal);
  if (!tried.ok) return tried;
  const { missing = null } = context;
  if (missing !== null && [...tried.outcomes.values()].some(({ kind }) => kind === "not-my-key"))
    throw missing;
  const values = new Map<string, Uint8Array>();
  const keys = new Set<string>();
  for (const [item, outcome] of tried.outcomes) {
    if (outcome.kind !== "opened") return { ok: false, reason: "UnsealFailed", outcomes: tried.outcomes };
    values.set(item, outcome.plaintext);
    keys.add(outcome.keyId);
  }
  return { ok: true, values, form: tried.form, keys: [...keys].sort() };
}

/** What came of trying each value, opened or not. */
export type ValuesTried =
  | { ok: true; outcomes: ReadonlyMap<string, Outcome>; form: "items" | "whole-object" }
  | Extract<NotOpened, { problem: string }>;

/**
 * Tries every value and says of each what came of it: for whoever explains, item by item.
 * @throws the signal's reason when aborted.
 */
export async function tryValues(
  sealedSecret: SealedSecret,
  context: OpeningContext,
  signal: AbortSignal,
): Promise<ValuesTried> {
  const { encryptedData, data } = sealedSecret.spec;
  const items = new Map(Object.entries(encryptedData));
  const isWhole = data !== undefined;
  if (isWhole && !context.acceptWholeObject) {
    return malformed("using deprecated 'data' field, use 'encryptedData' or flip the feature flag");
  }
  if (isWhole && items.size > 0) {
    return malformed("cannot use the field 'encryptedData' and the deprecated field 'data' at the same time");
  }
  const sealed = isWhole ? new Map([[WHOLE_OBJECT, data]]) : items;
  if (!isWhole) {
    const tried = await trySops(sealedSecret, context, signal);
    if (tried !== null) return tried;
  }
  const sorted = byBackend(sealedSecret, sealed, context);
  if (!("classic" in sorted)) return sorted;
  const outcomes = await unseal(sealedSecret, sorted, context, signal);
  // In the order in which the object names them.
  const ordered = [...sealed.keys()].map((item) => [item, outcomes.get(item) ?? NOT_TRIED] as const);
  return { ok: true, outcomes: new Map(ordered), form: isWhole ? "whole-object" : "items" };
}

/**
 * Opens a SealedSecret that is a SOPS document, as a whole or not at all: nothing of it counts before its MAC was verified.
 * @returns null for one that is none. What opens documents is loaded with the first of them.
 */
async function trySops(
  sealedSecret: SealedSecret,
  { clusterId, findClusterId, sops }: OpeningContext,
  signal: AbortSignal,
): Promise<ValuesTried | null> {
  if (!isSopsSealedSecret(sealedSecret)) return null;
  const scope = scopeOfObject(sealedSecret);
  const unwrapper = sops?.(sealedSecret.metadata.namespace ?? "") ?? null;
  if (unwrapper === null) {
    const found = Object.entries(sealedSecret.spec.encryptedData).find(
      ([, value]) => formOf(value).backend === "sops",
    );
    if (found === undefined) return null;
    const item = JSON.stringify(found[0]).slice(1, -1);
    return notSupported(`spec.encryptedData.${item}: values of backend "sops" are not opened`);
  }
  const { openSopsValues } = await import("./sops-sealed-secret/open-sops.ts");
  const unknown = () => Promise.resolve(clusterToOpenIn({ clusterId, scope }).clusterId);
  const place = { clusterId: clusterId ?? findClusterId ?? unknown, scope, unwrapper };
  const opening = await openSopsValues(sealedSecret, place, signal);
  if (!opening.ok) {
    const { cause, problem, hint } = opening;
    return { ok: false, reason: "UnsealFailed", problem, hint, sops: cause };
  }
  const { values, keyId } = opening;
  const outcomes = [...values].map(([item, plaintext]): [string, Outcome] => [
    item,
    { kind: "opened", plaintext, keyId },
  ]);
  return { ok: true, outcomes: new Map(outcomes), form: "items" };
}

const NOT_TRIED: Outcome = { kind: "not-tried" };

/** The values of an object, sorted by who opens them. */
type SortedItems = {
  classic: Map<string, string>;
  remote: Map<RemoteBackend, { unsealer: Unsealer; items: Map<string, string> }>;
};

type Problem = Extract<NotOpened, { problem: string }>;

function byBackend(
  { metadata, spec }: SealedSecret,
  items: ReadonlyMap<string, string>,
  { keyServices }: OpeningContext,
): SortedItems | Problem {
  const sorted: SortedItems = { classic: new Map(), remote: new Map() };
  for (const [item, value] of items) {
    if (!isItemName(item)) {
      return malformed(
        `spec.encryptedData.${JSON.stringify(item).slice(1, -1)} is not a name a Secret's item may have`,
      );
    }
    const form = formOf(value);
    if (form.backend === "classic") {
      sorted.classic.set(item, value);
      continue;
    }
    const backend = spec.data === undefined ? remoteBackend(form) : null;
    const unsealer = backend === null ? null : keyServices?.unsealerFor(backend, metadata.namespace ?? "");
    if (backend === null || unsealer == null) {
      // A prefix nobody knows may be the begin of a plain value that was never sealed, such as `user:password`.
      const whose =
        form.backend === "unknown" ? "an unknown backend, or never sealed," : `backend "${form.backend}"`;
      return notSupported(`spec.encryptedData.${item}: values of ${whose} are not opened`);
    }
    const group = sorted.remote.get(backend) ?? { unsealer, items: new Map<string, string>() };
    sorted.remote.set(backend, group);
    group.items.set(item, value);
  }
  return sorted;
}

/** Key services are asked once all else has opened: what does not open anyway costs them nothing. */
async function unseal(
  sealedSecret: SealedSecret,
  { classic, remote }: SortedItems,
  context: OpeningContext,
  signal: AbortSignal,
): Promise<Map<string, Outcome>> {
  const { clusterId } = context;
  const scope = scopeOfObject(sealedSecret);
  const outcomes = await unsealClassic(sealedSecret, classic, scope, context, signal);
  for (const { unsealer, items } of remote.values()) {
    if ([...outcomes.values()].some(({ kind }) => kind !== "opened")) break;
    const opened = await unsealer.unsealAll(items, { clusterId, scope }, signal);
    for (const [item, outcome] of opened) outcomes.set(item, outcome);
  }
  return outcomes;
}

function scopeOfObject({ metadata: { namespace = "", name, annotations } }: SealedSecret): Scope {
  return scopeOf({ namespace, name, annotations: annotations ?? undefined });
}

async function unsealClassic(
  { metadata }: SealedSecret,
  items: ReadonlyMap<string, string>,
  scope: Scope,
  { clusterId, keys, diagnose, giveUpAfter, onOperation, memory }: OpeningContext,
  signal: AbortSignal,
): Promise<Map<string, Outcome>> {
  if (items.size === 0) return new Map();
  const created = new Date(metadata.creationTimestamp ?? Number.NaN);
  const unsealer = classicUnsealer(byAge(keys, Number.isNaN(created.getTime()) ? null : created), {
    diagnose,
    giveUpAfter,
    // The hints order the trials and do no more: a wrong one costs time only.
    hints: readSealingKeyHint(metadata.annotations, items.keys()),
    ...(onOperation === undefined ? {} : { onOperation }),
    ...(memory === undefined ? {} : { memory }),
  });
  return unsealer.unsealAll(items, { clusterId, scope }, signal);
}

/** Null when it is none: what lies inside is secret, so not a word of it is told. */
function wholeSecret(plaintext: Uint8Array): SecretManifest | null {
  const text = fromUtf8(plaintext);
  if (text === null) return null;
  try {
    const documents = readDocuments(text, "spec.data");
    return documents.length === 1 ? parseSecret(documents[0]?.value, "spec.data") : null;
  } catch {
    return null;
  }
}

function notSupported(what: string): Problem {
  return { ok: false, reason: "UnsealFailed", problem: `${what} by this version of Signet` };
}

function malformed(problem: string): Problem {
  return { ok: false, reason: "MalformedSealedSecret", problem };
}
