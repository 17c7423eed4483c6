import { unlessGone } from "../../shared/kube/api-error.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { corePath } from "../../shared/kube/paths.ts";
import { type OpeningContext, openSealedSecret } from "../../shared/open-sealed-secret.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import type { EntryVersion } from "../vault-kv/entry-version.ts";
import type { VaultKv } from "../vault-kv/vault-kv.ts";
import type { Observed } from "./decide.ts";
import { explainFailure } from "./explain-failure.ts";
import { type Failure, unsealFailed } from "./failure.ts";
import { renderItems, type TemplatePolicy } from "./render-items.ts";
import type { SecretObject } from "./secret-object.ts";
import { sopsWarnings, toldFailure } from "./sops-failure.ts";
import { trackingWarnings } from "./tracking-marks.ts";
import { wantedSecret } from "./wanted-secret.ts";

/** What gathering needs beside the object itself. */
export type Surroundings = {
  client: KubeClient;
  opening: OpeningContext;
  /** Names of the SealedSecrets of a namespace. */
  neighbours: (namespace: string) => Iterable<string>;
  /** Items that stand in Vault instead of the object. */
  references: Pick<VaultKv, "read">;
  templates: TemplatePolicy;
  /** The watch knows every Secret and none of that name. The API server has the last word when one is created. */
  knownAbsent: boolean;
};

/** What was observed, the fingerprints of the keys that opened the values, and the versions in which items were read from Vault. */
export type Gathered = Observed & { keys: readonly string[]; versions: ReadonlyMap<string, EntryVersion> };

/**
 * Opens a SealedSecret and reads the Secret of its name.
 * @throws KubeApiError, KubeUnreachableError when the Secret could not be read; the signal's reason when aborted.
 */
export async function gather(
  sealedSecret: SealedSecret,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Gathered> {
  const { wanted, keys, versions } = await gatherWanted(sealedSecret, surroundings, signal);
  // A Secret that cannot be produced is left as it is, so there is no need to look at it.
  const asks = wanted.ok && !surroundings.knownAbsent;
  const secret = asks ? await readSecret(sealedSecret, surroundings.client, signal) : null;
  return { sealedSecret, secret, wanted, keys, versions };
}

type Sought = Pick<Gathered, "wanted" | "keys" | "versions">;

async function gatherWanted(
  sealedSecret: SealedSecret,
  { opening, neighbours, references, templates }: Surroundings,
  signal: AbortSignal,
): Promise<Sought> {
  // Before any private-key work: an object that waits for Vault is looked at again and again.
  const referenced = await references.read(sealedSecret, signal);
  if (!referenced.ok) return failing(referenced.failure);
  const result = await openSealedSecret(sealedSecret, opening, signal);
  if (result.ok) {
    const { whole } = result.opened;
    const items = new Map([...result.opened.items, ...referenced.items]);
    const rendered = await renderItems(sealedSecret, items, templates);
    if (!rendered.ok) return unsealFailure(rendered.reason, rendered.problem);
    const secret = wantedSecret(sealedSecret, { whole, items: rendered.items });
    const warnings = [...rendered.warnings, ...trackingWarnings(secret), ...sopsWarnings(sealedSecret)];
    return { wanted: { ok: true, secret, warnings }, keys: result.keys, versions: referenced.versions };
  }
  if ("problem" in result) return failing(toldFailure(result));
  const namespace = sealedSecret.metadata.namespace ?? "";
  const place = { namespace, name: sealedSecret.metadata.name };
  return unsealFailure(
    result.reason,
    explainFailure(result.outcomes, place, neighbours(namespace)) ?? "unknown cause",
  );
}

function unsealFailure(reason: Failure["reason"], message: string): Sought {
  return failing(unsealFailed(reason, message));
}

function failing(failure: Failure): Sought {
  return { wanted: { ok: false, failure }, keys: [], versions: new Map() };
}

async function readSecret(
  { metadata }: SealedSecret,
  client: KubeClient,
  signal: AbortSignal,
): Promise<SecretObject | null> {
  const path = corePath("secrets", metadata.namespace, metadata.name);
  return unlessGone(client.request({ method: "GET", path, signal }));
}
