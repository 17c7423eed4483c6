import { InputError } from "../shared/errors.ts";
import { annotatedScopeKind, type Scope, scopeOf } from "../shared/scope.ts";
import { formOf, type RemoteBackend, remoteBackend } from "../shared/seal/codec.ts";
import type { SealedSecret } from "../shared/sealed-secret.ts";
import { isSopsSealedSecret } from "../shared/sops-sealed-secret/sops-form.ts";

/** The values of a SealedSecret, sorted by who opens them. */
export type SortedValues = {
  /** Those for the controller, and those of a form that nobody here knows: it tells what it makes of them. */
  controller: ReadonlyMap<string, string>;
  remote: ReadonlyMap<RemoteBackend, ReadonlyMap<string, string>>;
};

/** Sorts them; in the order in which the object names them. */
export function sortedValues({ spec }: SealedSecret): SortedValues {
  const controller = new Map<string, string>();
  const remote = new Map<RemoteBackend, Map<string, string>>();
  for (const [item, value] of Object.entries(spec.encryptedData)) {
    const backend = remoteBackend(formOf(value));
    if (backend === null) {
      controller.set(item, value);
      continue;
    }
    const values = remote.get(backend) ?? new Map<string, string>();
    remote.set(backend, values);
    values.set(item, value);
  }
  return { controller, remote };
}

/**
 * A SealedSecret as the controller is asked about it: what it has no business with is not sent.
 * @returns null where all its items are for key services or stand in Vault, so that there is nothing to ask; for a SOPS
 * document, too, of which no controller is asked.
 */
export function forController(sealedSecret: SealedSecret): SealedSecret | null {
  if (isSopsSealedSecret(sealedSecret)) return null;
  const { controller, remote } = sortedValues(sealedSecret);
  const { vault, ...spec } = sealedSecret.spec;
  if (remote.size === 0 && vault === undefined) return sealedSecret;
  if (controller.size === 0 && spec.data === undefined && remote.size + (vault?.length ?? 0) > 0) return null;
  return { ...sealedSecret, spec: { ...spec, encryptedData: Object.fromEntries(controller) } };
}

/**
 * The scope that values of key services are bound to where a SealedSecret stands.
 * @throws InputError when it has such values and names no namespace, which their scope takes.
 */
export function remoteScope(sealedSecret: SealedSecret, where: string): Scope {
  requirePlace(sealedSecret, where);
  const { namespace = "", name, annotations } = sealedSecret.metadata;
  return scopeOf({ namespace, name, annotations: annotations ?? undefined });
}

/** @throws InputError as `remoteScope`. */
export function requirePlace(sealedSecret: SealedSecret, where: string): void {
  const { namespace = "", annotations } = sealedSecret.metadata;
  if (namespace !== "" || annotatedScopeKind(annotations ?? undefined) === "cluster-wide") return;
  if (sortedValues(sealedSecret).remote.size === 0 && !isSopsSealedSecret(sealedSecret)) return;
  throw new InputError(
    `${where} names no namespace, and its values open in one namespace only`,
    "add metadata.namespace",
  );
}
