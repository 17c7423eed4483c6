import { shellWord } from "../../shared/shell-word.ts";
import type { Failure } from "./failure.ts";
import { notManaged } from "./failure.ts";
import { protection, type WritePolicy } from "./gates.ts";
import { EXISTING_SECRET_ANNOTATION, type ObjectPolicy } from "./object-policy.ts";
import {
  MANAGED_ANNOTATION,
  PATCH_ANNOTATION,
  SEALED_BY_ANNOTATION,
  type SecretObject,
} from "./secret-object.ts";

/** Who wants to change an existing Secret, and by which rules. */
export type Claim = {
  /** Uid of the SealedSecret; empty for none. */
  uid: string;
  namespace: string;
  policy: ObjectPolicy;
  rules: WritePolicy;
};

/** How far an existing Secret may be changed. */
export type Consent =
  | { way: "replace" }
  /** `adopt`: its owner may change, too. */
  | { way: "merge"; adopt: boolean }
  | { way: "none"; failure: Failure };

/**
 * How far an existing Secret may be changed: by right of ownership, by its own marks, or because the SealedSecret asks
 * for it in a namespace that an option lists. What an earlier merge left on it is no consent to the next one.
 */
export function consentOf(secret: SecretObject, { uid, namespace, policy, rules }: Claim): Consent {
  const refused = (why: string | null): Consent => ({
    way: "none",
    failure: notManaged(secret.metadata.name ?? "", why),
  });
  const owned = isOwned(secret, uid);
  const marks = marksOf(secret);
  // One that we left without an owner carries these by our own hand.
  const kept = marks.managed && uid !== "" && secret.metadata.annotations?.[SEALED_BY_ANNOTATION] === uid;
  const own = owned || kept;
  const guarded = protection(secret, { ownerUid: uid, owned: own }, rules);
  if (guarded !== null) return refused(`it ${guarded}`);
  const { existingSecret: asked } = policy;
  if (asked === "fail" && !own) {
    return refused(`${EXISTING_SECRET_ANNOTATION}: "fail" on the SealedSecret has it left alone`);
  }
  const listed = rules.adoptNamespaces.some((listed) => listed === "*" || listed === namespace);
  const managed = marks.managed || (asked === "adopt" && listed);
  const patch = marks.patch || (asked === "merge" && (listed || owned || marks.managed));
  if (!owned && !managed && !patch) {
    return refused(asked === "adopt" || asked === "merge" ? unheard(asked, namespace) : null);
  }
  return patch ? { way: "merge", adopt: managed } : { way: "replace" };
}

/** Whether the Secret is the SealedSecret's own, by its owner reference or by the mark that says so. */
export function belongsTo(secret: SecretObject, uid: string): boolean {
  return isOwned(secret, uid) || marksOf(secret).managed;
}

/** Whether the Secret names the SealedSecret of that uid as its controller. */
export function isOwned(secret: SecretObject, uid: string): boolean {
  if (uid === "") return false;
  return (secret.metadata.ownerReferences ?? []).some(
    (reference) => reference.controller === true && reference.uid === uid,
  );
}

/** What an existing Secret itself consents to. */
export function marksOf({ metadata }: SecretObject): { managed: boolean; patch: boolean } {
  const marks = metadata.annotations ?? {};
  return { managed: marks[MANAGED_ANNOTATION] === "true", patch: marks[PATCH_ANNOTATION] === "true" };
}

function unheard(asked: "adopt" | "merge", namespace: string): string {
  const mark = asked === "adopt" ? MANAGED_ANNOTATION : PATCH_ANNOTATION;
  return `${EXISTING_SECRET_ANNOTATION}: ${JSON.stringify(asked)} counts only where the controller is started with --adopt-namespaces=${shellWord(namespace)}; or annotate the Secret with ${mark}: "true"`;
}
