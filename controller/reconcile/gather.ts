import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { corePath } from "../../shared/kube/paths.ts";
import { type OpeningContext, openSealedSecret } from "../../shared/open-sealed-secret.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import type { Failure, Observed } from "./decide.ts";
import { explainFailure } from "./explain-failure.ts";
import { renderItems, type TemplatePolicy } from "./render-items.ts";
import type { SecretObject } from "./secret-object.ts";
import { trackingWarnings } from "./tracking-marks.ts";
import { wantedSecret } from "./wanted-secret.ts";

/** What gathering needs beside the object itself. */
export type Surroundings = {
  client: KubeClient;
  opening: OpeningContext;
  /** Names of the SealedSecrets of a namespace. */
  neighbours: (namespace: string) => Iterable<string>;
  templates: TemplatePolicy;
  /** The watch knows every Secret and none of that name. The API server has the last word when one is created. */
  knownAbsent: boolean;
};

/**
 * Opens a SealedSecret and reads the Secret of its name.
 * @throws KubeApiError, KubeUnreachableError when the Secret could not be read; the signal's reason when aborted.
 */
export async function gather(
  sealedSecret: SealedSecret,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Observed> {
  const wanted = await gatherWanted(sealedSecret, surroundings, signal);
  // A Secret that cannot be produced is left as it is, so there is no need to look at it.
  const asks = wanted.ok && !surroundings.knownAbsent;
  const secret = asks ? await readSecret(sealedSecret, surroundings.client, signal) : null;
  return { sealedSecret, secret, wanted };
}

async function gatherWanted(
  sealedSecret: SealedSecret,
  { opening, neighbours, templates }: Surroundings,
  signal: AbortSignal,
): Promise<Observed["wanted"]> {
  const result = await openSealedSecret(sealedSecret, opening, signal);
  if (result.ok) {
    const { whole, items } = result.opened;
    const rendered = await renderItems(sealedSecret, items, templates);
    if (!rendered.ok) return unsealFailure(rendered.reason, rendered.problem);
    const secret = wantedSecret(sealedSecret, { whole, items: rendered.items });
    return { ok: true, secret, warnings: [...rendered.warnings, ...trackingWarnings(secret)] };
  }
  if ("problem" in result) return unsealFailure(result.reason, result.problem);
  const namespace = sealedSecret.metadata.namespace ?? "";
  const place = { namespace, name: sealedSecret.metadata.name };
  return unsealFailure(
    result.reason,
    explainFailure(result.outcomes, place, neighbours(namespace)) ?? "unknown cause",
  );
}

function unsealFailure(reason: Failure["reason"], message: string): Observed["wanted"] {
  return {
    ok: false,
    failure: {
      reason,
      message,
      stalled: true,
      event: { reason: "ErrUnsealFailed", message: `Failed to unseal: ${message}` },
      counter: "unseal",
    },
  };
}

async function readSecret(
  { metadata }: SealedSecret,
  client: KubeClient,
  signal: AbortSignal,
): Promise<SecretObject | null> {
  try {
    const path = corePath("secrets", metadata.namespace, metadata.name);
    return (await client.request({ method: "GET", path, signal })) as SecretObject;
  } catch (error) {
    if (error instanceof KubeApiError && error.status === 404) return null;
    throw error;
  }
}
