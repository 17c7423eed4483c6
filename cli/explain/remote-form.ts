import { SealError } from "../../shared/errors.ts";
import { describeScope, scopeOf } from "../../shared/scope.ts";
import type { RemoteBackend } from "../../shared/seal/codec.ts";
import { RemoteValueError } from "../../shared/seal/remote-value-error.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import type { Io } from "../io.ts";
import { type AllowedKeys, allowedKmsKeys, allowedVaultKeys } from "../key-services/allowed-keys.ts";
import { keyNamed } from "../key-services/named-keys.ts";
import type { ItemFinding } from "../opening/item-finding.ts";
import { unopened } from "../opening/remote-finding.ts";
import type { KeyServiceOptions } from "../options.ts";

/** Tells of a value of a key service what can be told without asking anybody: its key, and what it is bound to. */
export type RemoteForm = (
  form: ItemFinding,
  value: string,
  backend: RemoteBackend,
  sealedSecret: SealedSecret,
) => ItemFinding;

const SERVICES: Readonly<Record<RemoteBackend, string>> = { kms: "AWS KMS", vault: "Vault" };

/** @param options say which keys are allowed; read when the first such value is met. */
export function remoteForms(options: KeyServiceOptions, io: Io): RemoteForm {
  const lists = new Map<RemoteBackend, AllowedKeys>();
  const allowed = (backend: RemoteBackend): AllowedKeys => {
    const list =
      lists.get(backend) ?? (backend === "kms" ? allowedKmsKeys(options, io) : allowedVaultKeys(options, io));
    lists.set(backend, list);
    return list;
  };
  return (form, value, backend, { metadata }) => {
    let key: string;
    try {
      key = keyNamed(backend, form.item, value);
    } catch (error) {
      if (!(error instanceof RemoteValueError)) throw error;
      return unopened(form, error);
    }
    const { namespace = "", name } = metadata;
    const scope = scopeOf({ namespace, name, annotations: metadata.annotations ?? undefined });
    const bound = `opens only in its cluster, ${describeScope(scope)}, as item ${form.item}`;
    const told: ItemFinding = {
      ...form,
      state: "not known",
      key: { fingerprint: `${backend}:${key}`, source: null, claimed: true },
    };
    const { isAllowed, fix } = judge(() => allowed(backend), key, namespace);
    if (isAllowed) return { ...told, why: `under ${SERVICES[backend]}; ${bound}`, fix };
    const why = `under ${SERVICES[backend]}, whose key you have not allowed; ${bound}`;
    return { ...told, cause: "key-not-allowed", why, fix };
  };
}

function judge(list: () => AllowedKeys, key: string, namespace: string): { isAllowed: boolean; fix: string } {
  try {
    const keys = list();
    if (!keys.permits(key, namespace)) return { isAllowed: false, fix: keys.hintFor(key) };
    return { isAllowed: true, fix: "signet unseal opens it with your own credentials" };
  } catch (error) {
    // Which Vault is meant may not be known here, and so not whether the key is allowed.
    if (!(error instanceof SealError)) throw error;
    return { isAllowed: true, fix: error.hint };
  }
}
