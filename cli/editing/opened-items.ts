import { SealError } from "../../shared/errors.ts";
import { annotatedScopeKind, scopeAt } from "../../shared/scope.ts";
import { classicUnsealer } from "../../shared/seal/classic-unsealer.ts";
import type { Outcome } from "../../shared/seal/sealer.ts";
import { isSopsSealedSecret } from "../../shared/sops-sealed-secret/sops-form.ts";
import { inDocument } from "../in-document.ts";
import type { OpeningMeans } from "../items/opening-means.ts";
import type { MergeTarget } from "../merge-target.ts";
import { openOffline } from "../opening/unseal-offline.ts";
import { NO_KEYS, type OpeningKeys } from "../opening-keys.ts";
import { sortedValues } from "../values-by-backend.ts";

/** Values of a SealedSecret, as far as they open here. */
export type OpenedItems = { opened: Map<string, Uint8Array>; sealed: Set<string> };

/**
 * Opens what can be opened with the keys at hand and the user's own rights; the rest stays sealed, and it is told why where a
 * key service says so.
 * @throws SealError when a SOPS document does not open, whose values can only be changed all together.
 */
export async function openedItems(
  target: MergeTarget,
  keys: OpeningKeys,
  { keyServices, sops, notices }: OpeningMeans,
): Promise<OpenedItems> {
  const { sealedSecret, where } = target;
  if (isSopsSealedSecret(sealedSecret)) {
    const context = {
      keys: NO_KEYS,
      keyServices,
      sops: sops.opener,
      keyFlag: "--key",
      acceptWholeObject: false,
    };
    const { items } = await openOffline(sealedSecret, where, context);
    return { opened: new Map(items), sealed: new Set() };
  }
  const kind = annotatedScopeKind(sealedSecret.metadata.annotations ?? undefined);
  const { name } = sealedSecret.metadata;
  const { controller, remote } = sortedValues(sealedSecret);
  const { signal } = new AbortController();
  const found: OpenedItems = { opened: new Map(), sealed: new Set() };
  const isClassic = controller.size > 0 && keys.keys.length > 0;
  const namespace =
    kind === "cluster-wide" || (!isClassic && remote.size === 0) ? "" : await sops.namespaceOf(target);
  const binding = { clusterId: null, scope: scopeAt(kind, { namespace, name }) };
  if (isClassic) {
    const unsealer = classicUnsealer(keys.keys, { diagnose: false });
    sort(await unsealer.unsealAll(controller, binding, signal), found);
  } else for (const item of controller.keys()) found.sealed.add(item);
  for (const [backend, items] of remote) {
    try {
      const unsealer = keyServices.unsealerFor(backend, sealedSecret.metadata.namespace ?? namespace);
      sort(await inDocument(where, unsealer.unsealAll(items, binding, signal)), found);
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      notices.alert(`${error.message}; ${error.hint}`);
      for (const item of items.keys()) found.sealed.add(item);
    }
  }
  return found;
}

function sort(outcomes: ReadonlyMap<string, Outcome>, { opened, sealed }: OpenedItems): void {
  for (const [item, outcome] of outcomes) {
    if (outcome.kind === "opened") opened.set(item, outcome.plaintext);
    else sealed.add(item);
  }
}
