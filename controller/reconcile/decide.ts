import type { SealedSecret } from "../../shared/sealed-secret.ts";
import type { Reason } from "./conditions.ts";
import { protection, refusalToWrite, type WritePolicy } from "./gates.ts";
import { merge, replace, sameSecret } from "./secret-change.ts";
import {
  DEFAULT_TYPE,
  MANAGED_ANNOTATION,
  PATCH_ANNOTATION,
  type SecretObject,
  type WantedSecret,
} from "./secret-object.ts";

/** Why an object cannot be carried out. */
export type Failure = {
  reason: Reason;
  /** For the condition. */
  message: string;
  /** Someone must change something first. */
  stalled: boolean;
  /** The event that tells it, in the words dashboards match on. */
  event: { reason: "ErrUnsealFailed" | "ErrUpdateFailed"; message: string };
  /** Label of the error counter. */
  counter: "unseal" | "unmanaged" | "update";
};

/** What a SealedSecret asks for, with what its author should know of it, or why that cannot be told. */
export type Wanted = { ok: true; secret: WantedSecret; warnings: string[] } | { ok: false; failure: Failure };

/** Everything that was observed of one object. */
export type Observed = {
  sealedSecret: SealedSecret;
  /** The Secret of that name, or null. */
  secret: SecretObject | null;
  wanted: Wanted;
};

/** What to do about it. */
export type Plan =
  | { kind: "create"; secret: SecretObject }
  | { kind: "update"; secret: SecretObject }
  | { kind: "in-sync" }
  | { kind: "fail"; failure: Failure };

/** Pure: same observation, same plan. No clock, network, randomness or logging here. */
export function decide({ sealedSecret, secret, wanted }: Observed, policy: WritePolicy): Plan {
  if (!wanted.ok) return { kind: "fail", failure: wanted.failure };
  const refusal = refusalToWrite(wanted.secret, policy);
  if (refusal !== null) return fail("SecretForbidden", refusal, "update");
  if (secret === null) return { kind: "create", secret: replace(null, wanted.secret) };

  const uid = sealedSecret.metadata.uid ?? "";
  const marks = secret.metadata.annotations ?? {};
  const managed = marks[MANAGED_ANNOTATION] === "true";
  const patch = marks[PATCH_ANNOTATION] === "true";
  const owned = isOwned(secret, uid);
  const guarded = protection(secret, { ownerUid: uid, owned }, policy);
  if (guarded !== null) return notManaged(secret, `: it ${guarded}`);
  if (!owned && !managed && !patch) return notManaged(secret, "");

  const next = patch ? merge(secret, wanted.secret, { adopt: managed }) : replace(secret, wanted.secret);
  if (sameSecret(secret, next)) return { kind: "in-sync" };
  return obstacle(secret, next) ?? { kind: "update", secret: next };
}

/** Whether the Secret is the SealedSecret's own, by its owner reference or by the mark that says so. */
export function belongsTo(secret: SecretObject, uid: string): boolean {
  return isOwned(secret, uid) || secret.metadata.annotations?.[MANAGED_ANNOTATION] === "true";
}

function isOwned(secret: SecretObject, uid: string): boolean {
  if (uid === "") return false;
  return (secret.metadata.ownerReferences ?? []).some(
    (reference) => reference.controller === true && reference.uid === uid,
  );
}

/** What the API server would refuse whatever we do. */
function obstacle(secret: SecretObject, next: SecretObject): Plan | null {
  const name = secret.metadata.name ?? "";
  const type = secret.type ?? DEFAULT_TYPE;
  if (type !== next.type) {
    return fail(
      "TypeImmutable",
      `Secret "${name}" has type ${type} and ${JSON.stringify(next.type)} is asked for, but the type of a Secret cannot change: delete the Secret, and it is created anew`,
      "update",
    );
  }
  if (secret.immutable === true && (next.immutable !== true || !sameItems(secret, next))) {
    const message = `Error updating ${secret.metadata.namespace}/${name}: the target Secret is immutable. Once a Secret is marked as immutable, it is not possible to revert this change nor to mutate the contents of the data field. You can only delete and recreate the Secret.`;
    return fail("SecretImmutable", message, "update");
  }
  return null;
}

function sameItems(a: SecretObject, b: SecretObject): boolean {
  return sameSecret({ metadata: {}, data: a.data ?? {} }, { metadata: {}, data: b.data ?? {} });
}

/** In words that people already search for; `why` says what more there is to it. */
function notManaged(secret: SecretObject, why: string): Plan {
  const message = `Resource "${secret.metadata.name}" already exists and is not managed by SealedSecret${why}`;
  return {
    kind: "fail",
    failure: {
      reason: "NotManaged",
      message: `failed update: ${message}`,
      stalled: true,
      event: { reason: "ErrUpdateFailed", message },
      counter: "unmanaged",
    },
  };
}

function fail(reason: Reason, message: string, counter: Failure["counter"]): Plan {
  return {
    kind: "fail",
    failure: { reason, message, stalled: true, event: { reason: "ErrUpdateFailed", message }, counter },
  };
}
