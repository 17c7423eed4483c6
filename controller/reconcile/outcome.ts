import type { EntryVersion } from "../vault-kv/entry-version.ts";
import type { Verdict } from "./conditions.ts";
import type { Failure } from "./failure.ts";
import type { Gathered } from "./gather.ts";
import type { Applied } from "./plan.ts";
import type { SealedObject } from "./sealed-object.ts";
import type { SecretObject } from "./secret-object.ts";
import type { WatchedObject } from "./watched-object.ts";

/** One object as it is worked on. */
export type Subject = { watched: WatchedObject; sealed: SealedObject };

/** What came of one look at an object. */
export type Outcome = {
  failure: Failure | null;
  warnings: readonly string[];
  /** The Secret as it now stands; null when that is not known. */
  secret: SecretObject | null;
  /** Whether the Secret was written. */
  changed: boolean;
  /** Fingerprints of the keys that opened the values. */
  keys: readonly string[];
  /** The versions in which items were read from Vault, by item. */
  versions: ReadonlyMap<string, EntryVersion>;
};

/** What came of carrying out a plan. */
export function outcomeOf(applied: Applied, { secret: read, wanted, keys, versions }: Gathered): Outcome {
  const warnings = wanted.ok ? wanted.warnings : [];
  if (!applied.ok) return { ...failed(applied.failure), warnings };
  const { written } = applied;
  return { failure: null, warnings, secret: written ?? read, changed: written !== null, keys, versions };
}

/** A look that failed. */
export function failed(failure: Failure): Outcome {
  return {
    failure: presentable(failure),
    warnings: [],
    secret: null,
    changed: false,
    keys: [],
    versions: new Map(),
  };
}

/** An outcome as the conditions tell it. @param secretGone whether there was no Secret when it was looked at. */
export function verdictOf({ failure, warnings }: Outcome, { secretGone }: { secretGone: boolean }): Verdict {
  if (failure === null) return { kind: "in-sync", warning: bounded(warnings.join("; ")) };
  const { reason, message, stalled } = failure;
  return { kind: "failed", reason, message, stalled, secretGone };
}

/** Long enough for any cause; what authors may name (items, types) must not fill status, events and logs. */
const MOST_CHARACTERS = 2000;

/** A failure whose texts are bounded and hold no control characters but line breaks between causes. */
function presentable(failure: Failure): Failure {
  const { message, event } = failure;
  return { ...failure, message: bounded(message), event: { ...event, message: bounded(event.message) } };
}

function bounded(text: string): string {
  const clean = text.replace(/[^\P{Cc}\n]/gu, "\ufffd");
  return clean.length <= MOST_CHARACTERS ? clean : `${clean.slice(0, MOST_CHARACTERS)}…`;
}
