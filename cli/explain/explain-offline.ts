import { SCOPE_ITEM } from "../../shared/document/sops/scope-item.ts";
import { InputError } from "../../shared/errors.ts";
import { tryValues, WHOLE_OBJECT } from "../../shared/open-sealed-secret.ts";
import { annotatedScopeKind, type Place } from "../../shared/scope.ts";
import { formOf, remoteBackend } from "../../shared/seal/codec.ts";
import type { Outcome } from "../../shared/seal/sealer.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { readSealingKeyHint } from "../../shared/sealing-key-hint.ts";
import { isItemName } from "../../shared/secret.ts";
import { isSopsSealedSecret } from "../../shared/sops-sealed-secret/sops-form.ts";
import { formFinding, type ItemFinding } from "../opening/item-finding.ts";
import {
  findingsOf,
  type OfflineOpening,
  unsealOffline,
  warningOfReferences,
} from "../opening/unseal-offline.ts";
import { NO_KEYS, type OpeningKeys } from "../opening-keys.ts";
import type { NamedSealedSecret } from "../sealed-secret-input.ts";
import { type Explanation, opensAtAll, type Problem } from "./explanation.ts";
import type { RemoteForm } from "./remote-form.ts";

/** Explains a SealedSecret by private keys at hand: every value is tried by itself, then the templates. */
export async function explainOffline(
  named: NamedSealedSecret,
  opening: OfflineOpening,
  candidates: Iterable<Place>,
  remoteForm: RemoteForm,
): Promise<Explanation> {
  const { sealedSecret, where, file } = named;
  if (isSopsDocument(sealedSecret)) return explainForm(named, remoteForm);
  const judged = judgeForms(sealedSecret, opening.keys, remoteForm);
  const tried = await tryClassic(sealedSecret, opening);
  const findings = findingsOf(sealedSecret, tried, opening, candidates, file);
  const items = judged.map((form) => findings.find(({ item }) => item === form.item) ?? form);
  const problems = problemsOf(sealedSecret);
  const base = explanation(sealedSecret, where, items, problems);
  if (base.opens !== true) return base;
  // What lies inside, and what templates make of it, is judged by opening it as a whole.
  const { spec } = sealedSecret;
  const isPlain = spec.data === undefined && Object.keys(spec.template?.data ?? {}).length === 0;
  // Templates would lack what the controller reads from Vault.
  if (isPlain || (spec.vault ?? []).length > 0) return base;
  try {
    const { warnings } = await unsealOffline(sealedSecret, where, opening);
    return { ...base, warnings: warnings.map((warning) => without(where, warning)) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const problem = { why: without(where, error.message), fix: error.hint };
    return explanation(sealedSecret, where, items, [...problems, problem]);
  }
}

/** Single values of a SOPS document among others are told of one by one. */
function isSopsDocument(sealedSecret: SealedSecret): boolean {
  if (!isSopsSealedSecret(sealedSecret)) return false;
  const { encryptedData } = sealedSecret.spec;
  const isWhole = Object.values(encryptedData).every((value) => formOf(value).backend === "sops");
  return isWhole || sealedSecret.sops !== undefined || Object.hasOwn(encryptedData, SCOPE_ITEM);
}

/** The document stands above already. */
function without(where: string, text: string): string {
  return text.startsWith(`${where}: `) ? text.slice(where.length + 2) : text;
}

/** Explains a SealedSecret by its form alone: backend, size of the key, the key that it claims. */
export async function explainForm(
  { sealedSecret, where, file }: NamedSealedSecret,
  remoteForm: RemoteForm,
): Promise<Explanation> {
  if (isSopsDocument(sealedSecret)) {
    const { explainSopsForm } = await import("./sops-form.ts");
    const form = await explainSopsForm(sealedSecret, file);
    const problems = [...problemsOf(sealedSecret), ...form.problems];
    const base = explanation(sealedSecret, where, form.items, problems);
    return { ...base, warnings: [...base.warnings, ...form.warnings] };
  }
  const items = judgeForms(sealedSecret, NO_KEYS, remoteForm);
  return explanation(sealedSecret, where, items, problemsOf(sealedSecret));
}

function explanation(
  sealedSecret: SealedSecret,
  where: string,
  items: ItemFinding[],
  problems: Problem[],
): Explanation {
  const { metadata } = sealedSecret;
  return {
    where,
    namespace: metadata.namespace ?? null,
    name: metadata.name,
    scope: annotatedScopeKind(metadata.annotations),
    opens: opensAtAll(items, problems),
    items,
    problems,
    warnings: warningOfReferences(sealedSecret),
    cluster: null,
  };
}

/** Each value by its form; what no build opens, or no Secret may hold, is told at once. */
function judgeForms(sealedSecret: SealedSecret, keys: OpeningKeys, remoteForm: RemoteForm): ItemFinding[] {
  const { metadata, spec } = sealedSecret;
  const values = new Map(Object.entries(spec.encryptedData));
  if (spec.data !== undefined) values.set(WHOLE_OBJECT, spec.data);
  const hint = readSealingKeyHint(metadata.annotations, values.keys());
  return [...values].map(([item, value]) => {
    const form = formFinding(item, value, hint.get(item), keys);
    if (!isItemName(item)) {
      const fix = "seal the Secret again under another item name";
      return {
        ...form,
        state: "does not open",
        cause: "item-name",
        why: "no Secret may have this item name",
        fix,
      };
    }
    if (form.backend === "classic") return form;
    const remote = spec.data === undefined ? remoteBackend(formOf(value)) : null;
    if (remote !== null) return remoteForm(form, value, remote, sealedSecret);
    if (form.backend === "sops") {
      const fix = "take the item out, or seal the Secret again";
      const why = "a value of a SOPS document, without the rest of it";
      return { ...form, state: "does not open", cause: "backend-not-supported", why, fix };
    }
    const why =
      form.backend === "unknown"
        ? "written by an unknown backend, or never sealed"
        : `written by backend "${form.backend}", which this version of signet does not open`;
    const fix =
      form.backend === "unknown"
        ? "seal the value; if it is a plain one, it stands in the file for all to read: change it, too"
        : "open it where that key service is at hand, or seal it again with the cluster's certificate";
    return { ...form, state: "does not open", cause: "backend-not-supported", why, fix };
  });
}

async function tryClassic(sealedSecret: SealedSecret, { keys }: OfflineOpening) {
  const { metadata, spec } = sealedSecret;
  const classic = Object.entries(spec.encryptedData).filter(
    ([item, value]) => isItemName(item) && formOf(value).backend === "classic",
  );
  const context = {
    clusterId: null,
    keys: keys.keys,
    acceptWholeObject: true,
    diagnose: true,
    giveUpAfter: Number.POSITIVE_INFINITY,
  };
  const outcomes = new Map<string, Outcome>();
  const parts: SealedSecret["spec"][] = [{ encryptedData: Object.fromEntries(classic) }];
  if (spec.data !== undefined) parts.push({ encryptedData: {}, data: spec.data });
  for (const part of parts) {
    const tried = await tryValues(
      { ...sealedSecret, metadata, spec: part },
      context,
      new AbortController().signal,
    );
    if (tried.ok) for (const [item, outcome] of tried.outcomes) outcomes.set(item, outcome);
  }
  return outcomes;
}

function problemsOf({ metadata, spec }: SealedSecret): Problem[] {
  const problems: Problem[] = [];
  if (spec.data !== undefined && Object.keys(spec.encryptedData).length > 0) {
    problems.push({
      why: "cannot use the field 'encryptedData' and the deprecated field 'data' at the same time",
      fix: "keep one of them: spec.encryptedData",
    });
  }
  if (metadata.namespace === undefined && annotatedScopeKind(metadata.annotations) !== "cluster-wide") {
    problems.push({
      why: "it names no namespace, and its values open in one namespace only",
      fix: "add metadata.namespace, or give --namespace",
    });
  }
  return problems;
}
