import type { OpenedSecret } from "../../shared/opened-secret.ts";
import { annotatedScopeKind } from "../../shared/scope.ts";
import { KeyServiceError } from "../../shared/seal/key-service-error.ts";
import { parseSealedSecret } from "../../shared/sealed-secret.ts";
import { DEFAULT_TYPE, type SecretGates } from "../../shared/secret-gates.ts";
import {
  NotOpenedError,
  type OfflineOpening,
  secretManifest,
  unsealOffline,
  warningOfReferences,
} from "../opening/unseal-offline.ts";
import { sortedValues } from "../values-by-backend.ts";
import { requireAllowed } from "./allowed-secret.ts";
import { type PermittedPlaces, requirePermitted } from "./permitted-places.ts";
import { leftSealed, type Rendered } from "./rendered.ts";

/** What sealed objects are opened with, and what may be opened and made. */
export type Rendering = {
  opening: OfflineOpening;
  places: PermittedPlaces;
  gates: SecretGates;
  /** Whether it is known which Vault is meant; without one its values are for a controller. */
  knowsVault: boolean;
};

/**
 * Opens a SealedSecret.
 * @param document as it was read.
 * @param where names it in errors.
 * @returns the Secret as the controller would make it, without an owner; `left` where the keys are not at hand.
 * @throws SealError when it may not be opened, is damaged, or is sealed for another place; never quotes a value.
 */
export async function renderSealedSecret(
  document: unknown,
  where: string,
  { opening, places, gates, knowsVault }: Rendering,
): Promise<Rendered> {
  const sealedSecret = parseSealedSecret(document, where);
  const { metadata } = sealedSecret;
  const stated = { namespace: metadata.namespace ?? "", name: metadata.name };
  const scope = annotatedScopeKind(metadata.annotations ?? undefined);
  const namespace = requirePermitted(stated, scope, where, places);
  const [references] = warningOfReferences(sealedSecret);
  if (references !== undefined) return leftSealed(`${where}: ${references}`);
  if (!knowsVault && sortedValues(sealedSecret).remote.has("vault")) {
    return leftSealed(`${where} has values under Vault, and its address is not given`);
  }
  const standing =
    namespace === "" ? sealedSecret : { ...sealedSecret, metadata: { ...metadata, namespace } };
  try {
    const { secret, warnings } = await unsealOffline(standing, where, opening);
    requireAllowed(secret, where, gates);
    return { objects: [manifestOf(secret)], warnings, left: [] };
  } catch (error) {
    const why = wantOfKey(error);
    if (why === null) throw error;
    return leftSealed(why);
  }
}

/** As the controller writes it: with its type, also where that goes without saying. */
function manifestOf(secret: OpenedSecret): object {
  return secretManifest({ ...secret, type: secret.type ?? DEFAULT_TYPE });
}

/** What is not ours to open is for a controller; null for all else that can be wrong. */
function wantOfKey(error: unknown): string | null {
  if (error instanceof NotOpenedError && error.wantsKey) return error.message;
  if (error instanceof KeyServiceError && error.fault === "not-allowed") {
    return `${error.message} (${error.hint})`;
  }
  return null;
}
