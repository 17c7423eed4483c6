import type { SealError } from "../../shared/errors.ts";
import { formOf, remoteBackend } from "../../shared/seal/codec.ts";
import { RemoteValueError, type RemoteValueProblem } from "../../shared/seal/remote-value-error.ts";
import type { Outcome } from "../../shared/seal/sealer.ts";
import { NO_KEYS } from "../opening-keys.ts";
import { type Cause, formFinding, type ItemFinding } from "./item-finding.ts";

/** Whether a value lies under a key service. */
export function isRemote(value: string): boolean {
  return remoteBackend(formOf(value)) !== null;
}

const CAUSES: Readonly<Record<RemoteValueProblem, Cause>> = {
  malformed: "damaged",
  version: "backend-not-supported",
  "not-authentic": "damaged-or-moved",
  "too-old": "key-version-too-old",
  "too-many-keys": "too-many-keys",
};

/** What came of trying to open a value of a key service, in words. */
export function remoteFinding(item: string, value: string, outcome: Outcome): ItemFinding {
  const form = formFinding(item, value, undefined, NO_KEYS);
  switch (outcome.kind) {
    case "opened":
      return { ...form, state: "opens", key: { fingerprint: outcome.keyId, source: null, claimed: false } };
    case "malformed":
      return unopened(form, outcome.error);
    default:
      return { ...form, state: "not known", why: "not tried, since others do not open", fix: null };
  }
}

/** A value that does not open, and why. @param error as the reader or opener of its format gave it. */
export function unopened(form: ItemFinding, error: SealError): ItemFinding {
  const [cause, why] =
    error instanceof RemoteValueError
      ? ([CAUSES[error.problem], error.what] as const)
      : (["damaged", error.message] as const);
  return { ...form, state: "does not open", cause, why, fix: error.hint };
}
