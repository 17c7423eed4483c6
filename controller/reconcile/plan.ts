import type { Failure } from "./failure.ts";
import type { SecretObject } from "./secret-object.ts";

/** What to do about one object. */
export type Plan =
  | { kind: "create"; secret: SecretObject }
  | { kind: "update"; secret: SecretObject }
  | RecreatePlan
  | { kind: "in-sync" }
  | { kind: "fail"; failure: Failure };

/** Delete the Secret that was read, in this very version, and create another. */
export type RecreatePlan = {
  kind: "recreate";
  secret: SecretObject;
  replaces: { uid: string; resourceVersion: string };
};

/** What came of a plan: the Secret as it was written, null when none was; or why it is not as wanted. */
export type Applied = { ok: true; written: SecretObject | null } | { ok: false; failure: Failure };
