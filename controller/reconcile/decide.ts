import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { belongsTo, consentOf, isOwned } from "./consent.ts";
import { type Failure, updateFailed } from "./failure.ts";
import { refusalToAsk, refusalToWrite, type WritePolicy } from "./gates.ts";
import { type ObjectPolicy, objectPolicy } from "./object-policy.ts";
import { beingDeleted, obstacle, REMEDIES } from "./obstacle.ts";
import type { Plan } from "./plan.ts";
import { claimItems, merge, replace, sameSecret } from "./secret-change.ts";
import { PATCH_ANNOTATION, type SecretObject, type WantedSecret } from "./secret-object.ts";
import { createdBySignet } from "./secret-origin.ts";

/** What a SealedSecret asks for, with what its author should know of it, or why that cannot be told. */
export type Wanted = { ok: true; secret: WantedSecret; warnings: string[] } | { ok: false; failure: Failure };

/** Everything that was observed of one object. */
export type Observed = {
  sealedSecret: SealedSecret;
  /** The Secret of that name, or null. */
  secret: SecretObject | null;
  wanted: Wanted;
};

/** Pure: same observation, same plan. No clock, network, randomness or logging here. */
export function decide({ sealedSecret, secret, wanted }: Observed, rules: WritePolicy): Plan {
  if (!wanted.ok) return fail(wanted.failure);
  const { uid = "", namespace = "", annotations } = sealedSecret.metadata;
  const reading = objectPolicy(annotations);
  if (!reading.ok) return fail(updateFailed("PolicyInvalid", reading.problem, { stalled: true }));
  const { policy } = reading;
  const alone = whole(wanted.secret, policy, rules);
  const refusal = refusalToAsk(wanted.secret, rules) ?? refusalToWrite(alone, rules);
  if (refusal !== null) return fail(updateFailed("SecretForbidden", refusal, { stalled: true }));
  const anew = replace(null, alone);
  if (secret === null) return { kind: "create", secret: anew };
  const going = beingDeleted(secret);
  if (going !== null) return fail(going);

  const consent = consentOf(secret, { uid, namespace, policy, rules });
  if (consent.way === "none") return fail(consent.failure);
  // Sharing leaves the owner alone, unless that is the SealedSecret and wants to be so no longer.
  const released = alone.owner === null && isOwned(secret, uid);
  const next =
    consent.way === "merge"
      ? merge(secret, wanted.secret, { adopt: consent.adopt || released })
      : replace(secret, alone);
  if (sameSecret(secret, next)) return { kind: "in-sync" };
  const isOurs = consent.way === "replace" && belongsTo(secret, uid) && createdBySignet(secret);
  const remedy = isOurs ? REMEDIES.ours : REMEDIES[consent.way === "merge" ? "shared" : "taken"];
  const inTheWay = obstacle(secret, next, remedy);
  if (inTheWay === null) return { kind: "update", secret: next };
  const { resourceVersion = "" } = secret.metadata;
  // Without its version any other Secret of that name might be the one deleted.
  if (!isOurs || !policy.recreate || resourceVersion === "") return fail(inTheWay);
  return {
    kind: "recreate",
    secret: anew,
    replaces: { uid: secret.metadata.uid ?? "", resourceVersion },
  };
}

/** The Secret where it is ours alone: with the controller's own labels and annotations under those asked for. */
function whole(wanted: WantedSecret, { existingSecret }: ObjectPolicy, rules: WritePolicy): WantedSecret {
  const shared = existingSecret === "merge" || wanted.annotations[PATCH_ANNOTATION] === "true";
  const styled = {
    ...wanted,
    labels: { ...rules.secretLabels, ...wanted.labels },
    annotations: { ...rules.secretAnnotations, ...wanted.annotations },
  };
  // The next look merges, so it must find what the first one would have written.
  return shared ? claimItems(styled) : styled;
}

function fail(failure: Failure): Plan {
  return { kind: "fail", failure };
}
