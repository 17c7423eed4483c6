import { fromUtf8 } from "../../shared/bytes.ts";
import { readDocuments } from "../../shared/document/read-documents.ts";
import { SealError } from "../../shared/errors.ts";
import { SEALING_KEY_ANNOTATION } from "../../shared/resource.ts";
import { scopeOf } from "../../shared/scope.ts";
import { formOf } from "../../shared/seal/codec.ts";
import { classicUnsealer, type OpeningKey } from "../../shared/seal/rsa-hybrid.ts";
import type { Outcome } from "../../shared/seal/sealer.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { isItemName, parseSecret, type SecretManifest } from "../../shared/secret.ts";
import type { Reason } from "./conditions.ts";
import type { Opened } from "./wanted-secret.ts";

/** What opening a SealedSecret takes. */
export type OpeningContext = {
  clusterId: string | null;
  /** The opening keys, newest first. */
  keys: readonly OpeningKey[];
  /** Whether the old whole-object form (`spec.data`) is opened. */
  acceptWholeObject: boolean;
  /** Find out what a value was sealed for that no key opens. Never for answers that leave the cluster's API. */
  diagnose: boolean;
};

/** What came of it. `problem` names the items, never a value. */
export type Opening =
  | { ok: true; opened: Opened }
  | { ok: false; reason: Reason; problem: string }
  | { ok: false; reason: "UnsealFailed"; outcomes: ReadonlyMap<string, Outcome> };

/** Item name that stands for the whole-object form in outcomes. */
const WHOLE_OBJECT = "data";

/**
 * Opens every value of a SealedSecret, or says why not. Templates are neither parsed nor run here.
 * @throws the signal's reason when aborted.
 */
export async function openSealedSecret(
  sealedSecret: SealedSecret,
  context: OpeningContext,
  signal: AbortSignal,
): Promise<Opening> {
  const { spec } = sealedSecret;
  const items = new Map(Object.entries(spec.encryptedData));
  if (spec.data !== undefined) return openWholeObject(sealedSecret, spec.data, items.size, context, signal);
  const unfit = unfitItem(items);
  if (unfit !== null) return unfit;
  const outcomes = await unseal(sealedSecret, items, context, signal);
  const opened = new Map<string, Uint8Array>();
  for (const [item, outcome] of outcomes) {
    if (outcome.kind !== "opened") return { ok: false, reason: "UnsealFailed", outcomes };
    opened.set(item, outcome.plaintext);
  }
  return { ok: true, opened: { items: opened, whole: null } };
}

function unfitItem(items: ReadonlyMap<string, string>): Opening | null {
  for (const [item, value] of items) {
    if (!isItemName(item)) {
      return malformed(
        `spec.encryptedData.${JSON.stringify(item).slice(1, -1)} is not a name a Secret's item may have`,
      );
    }
    const form = formOf(value);
    if (form.backend === "classic") continue;
    const backend = form.backend === "unknown" ? form.prefix : form.backend;
    return {
      ok: false,
      reason: "UnsealFailed",
      problem: `spec.encryptedData.${item}: values of backend ${JSON.stringify(backend)} are not opened by this version of the controller`,
    };
  }
  return null;
}

function unseal(
  sealedSecret: SealedSecret,
  items: ReadonlyMap<string, string>,
  { clusterId, keys, diagnose }: OpeningContext,
  signal: AbortSignal,
): Promise<Map<string, Outcome>> {
  const { metadata } = sealedSecret;
  const scope = scopeOf({
    namespace: metadata.namespace ?? "",
    name: metadata.name,
    annotations: metadata.annotations ?? undefined,
  });
  const ordered = hintedFirst(keys, metadata.annotations?.[SEALING_KEY_ANNOTATION]);
  return classicUnsealer(ordered, { diagnose }).unsealAll(items, { clusterId, scope }, signal);
}

/** The hint orders the trials and does no more: a wrong one costs time only. */
function hintedFirst(keys: readonly OpeningKey[], hint: string | undefined): readonly OpeningKey[] {
  if (hint === undefined || keys[0]?.fingerprint === hint) return keys;
  const hinted = keys.filter(({ fingerprint }) => fingerprint === hint);
  return hinted.length === 0 ? keys : [...hinted, ...keys.filter(({ fingerprint }) => fingerprint !== hint)];
}

async function openWholeObject(
  sealedSecret: SealedSecret,
  data: string,
  otherItems: number,
  context: OpeningContext,
  signal: AbortSignal,
): Promise<Opening> {
  if (!context.acceptWholeObject) {
    return malformed("using deprecated 'data' field, use 'encryptedData' or flip the feature flag");
  }
  if (otherItems > 0) {
    return malformed("cannot use the field 'encryptedData' and the deprecated field 'data' at the same time");
  }
  const outcomes = await unseal(sealedSecret, new Map([[WHOLE_OBJECT, data]]), context, signal);
  const outcome = outcomes.get(WHOLE_OBJECT);
  if (outcome?.kind !== "opened") return { ok: false, reason: "UnsealFailed", outcomes };
  const whole = wholeSecret(outcome.plaintext);
  if (typeof whole === "string") return malformed(whole);
  return { ok: true, opened: { items: whole.items, whole } };
}

function wholeSecret(plaintext: Uint8Array): SecretManifest | string {
  const text = fromUtf8(plaintext);
  if (text === null) return "spec.data does not hold a Secret: it is not UTF-8";
  try {
    const [document] = readDocuments(text, "spec.data");
    return parseSecret(document?.value, "spec.data");
  } catch (error) {
    return error instanceof SealError ? error.message : "spec.data does not hold a Secret";
  }
}

function malformed(problem: string): Opening {
  return { ok: false, reason: "MalformedSealedSecret", problem };
}
