import type { Edit } from "../../shared/document/edit-document.ts";
import { SCOPE_ITEM } from "../../shared/document/sops/scope-item.ts";
import { InputError } from "../../shared/errors.ts";
import { SEALING_KEY_ANNOTATION } from "../../shared/resource.ts";
import { annotatedScopeKind, describeScope, type ScopeKind, scopeOf } from "../../shared/scope.ts";
import { withValues } from "../../shared/seal-secret.ts";
import { parseSealedSecret, type SealedSecret } from "../../shared/sealed-secret.ts";
import { inFieldOrder } from "../../shared/sealed-secret-order.ts";
import { FLUX_DECRYPT_ANNOTATION } from "../../shared/sops-sealed-secret/flux-mark.ts";
import { isSopsSealedSecret } from "../../shared/sops-sealed-secret/sops-form.ts";
import { counted } from "../counted.ts";
import type { Performed } from "../file-work.ts";
import { inDocument } from "../in-document.ts";
import { type OfflineOpening, openOffline } from "../opening/unseal-offline.ts";
import { type PermittedPlaces, requirePermitted } from "../render/permitted-places.ts";
import type { SealingKey } from "../sealing-key.ts";
import { OF_THE_SERVER } from "../server-fields.ts";

/** What converting a SealedSecret takes. */
export type Converting = {
  opening: OfflineOpening;
  places: PermittedPlaces;
  key: SealingKey;
  /** The scope that the user named; it can only be the object's own. */
  scope: ScopeKind | null;
};

/**
 * Seals what a SealedSecret holds by another backend, for the scope it has: opening it has shown that it was made for that.
 * Templates, references and metadata stay, and so do comments and layout where neither side is a SOPS document.
 * @throws SealError when a value does not open, or cannot be sealed; never quotes a value.
 */
export async function convertSealedSecret(
  value: unknown,
  where: string,
  { opening, places, key, scope: asked }: Converting,
): Promise<Performed> {
  const sealedSecret = parseSealedSecret(value, where);
  const { metadata, spec } = sealedSecret;
  const { namespace = "", name, annotations } = metadata;
  const kind = annotatedScopeKind(annotations ?? undefined);
  if (asked !== null && asked !== kind) {
    throw new InputError(
      `${where} is sealed ${kind}, and --scope says ${asked}`,
      "leave --scope out: converting keeps the scope; open it and seal it again to change that",
    );
  }
  if (spec.data !== undefined) {
    throw new InputError(
      `${where}: spec.data, the old whole-object form, is not converted`,
      "open it with signet unseal and seal the Secret again",
    );
  }
  // What was for every namespace stays so: only where the object stands is to be permitted.
  requirePermitted({ namespace, name }, kind, where, { ...places, clusterWide: true });
  const { items } = await openOffline(sealedSecret, where, opening);
  const scope = scopeOf({ namespace, name, annotations: annotations ?? undefined });
  const bare = bareOf(sealedSecret, key.sealer.hint);
  try {
    const made = await inDocument(where, withValues(bare, items, scope, key));
    const count = counted(items.size, "item");
    return {
      product: inFieldOrder(made),
      ...(key.write === undefined ? {} : { write: key.write(made) }),
      edits: key.write === undefined ? editsTo(sealedSecret, made) : null,
      note: `${name}, ${describeScope(scope)}, ${count}`,
    };
  } finally {
    for (const plaintext of items.values()) plaintext.fill(0);
  }
}

/** The object without values, and without what the backend it comes from put beside them. */
function bareOf({ sops: _, status: __, metadata, ...rest }: SealedSecret, hint: string | null): SealedSecret {
  const isSops = isSopsSealedSecret({ ...rest, ...(_ === undefined ? {} : { sops: _ }) });
  const kept = Object.entries(metadata).filter(([field]) => !OF_THE_SERVER.has(field));
  const annotations = Object.entries(metadata.annotations ?? {}).filter(
    ([annotation]) =>
      annotation !== SEALING_KEY_ANNOTATION && !(isSops && annotation === FLUX_DECRYPT_ANNOTATION),
  );
  const marks = hint === null ? annotations : [...annotations, [SEALING_KEY_ANNOTATION, hint] as const];
  const bare = { ...Object.fromEntries(kept), name: metadata.name };
  const { annotations: ___, ...others } = bare as SealedSecret["metadata"];
  return {
    ...rest,
    metadata: { ...others, ...(marks.length === 0 ? {} : { annotations: Object.fromEntries(marks) }) },
    spec: { ...rest.spec, encryptedData: {} },
  };
}

/** What makes the text of the one into that of the other. */
function editsTo(before: SealedSecret, after: SealedSecret): Edit[] {
  const edits: Edit[] = Object.entries(after.spec.encryptedData).map(([item, value]) => ({
    path: ["spec", "encryptedData", item],
    value,
  }));
  const annotation = (name: string): Edit[] => {
    const path = ["metadata", "annotations", name];
    const [was, is] = [before, after].map(({ metadata }) => metadata.annotations?.[name]);
    if (was === is) return [];
    return [is === undefined ? { path, remove: true } : { path, value: is }];
  };
  edits.push(...annotation(SEALING_KEY_ANNOTATION));
  if (before.sops === undefined) return edits;
  edits.push(
    ...annotation(FLUX_DECRYPT_ANNOTATION),
    { path: ["spec", "encryptedData", SCOPE_ITEM], remove: true },
    { path: ["sops"], remove: true },
  );
  return edits;
}
