import type { GatedCall, KeyGates } from "./key-gate.ts";
import { transitKeyText } from "./key-text.ts";
import type { KmsApi, KmsContext } from "./kms-api.ts";
import type { TransitApi, TransitKeyName } from "./transit-api.ts";

/** Whose calls pass the gates, and what has to admit each; see `GatedCall`. */
export type GateUser = Pick<GatedCall, "by" | "admit">;

/**
 * AWS KMS behind gates, `kms:` and the key as named. A denial is about one namespace: policies may let a key be used for
 * some namespaces and not for others, by the context, and those must not be held off for what another one is denied.
 */
export function gatedKms(api: KmsApi, gates: KeyGates, gateUser: GateUser): KmsApi {
  const called = (key: string, context: KmsContext) => ({
    ...gateUser,
    key: `kms:${key}`,
    user: context["signet-namespace"] ?? "",
  });
  return {
    generateDataKey: (key, context, signal) =>
      gates.pass(called(key, context), () => api.generateDataKey(key, context, signal), signal),
    encrypt: (key, plaintext, context, signal) =>
      gates.pass(called(key, context), () => api.encrypt(key, plaintext, context, signal), signal),
    decrypt: (wrapped, context, signal) =>
      gates.pass(called(wrapped.key, context), () => api.decrypt(wrapped, context, signal), signal),
    reEncrypt: (wrapped, context, to, signal) =>
      gates.pass(called(wrapped.key, context), () => api.reEncrypt(wrapped, context, to, signal), signal),
  };
}

/** Vault's Transit engine behind gates, `vault:` and MOUNT/KEY. Its policies know nothing of places. */
export function gatedTransit(api: TransitApi, gates: KeyGates, gateUser: GateUser): TransitApi {
  const called = (name: TransitKeyName) => ({ ...gateUser, key: `vault:${transitKeyText(name)}`, user: "" });
  return {
    describeKey: (name, signal) => gates.pass(called(name), () => api.describeKey(name, signal), signal),
    encrypt: (name, binding, values, signal) =>
      gates.pass(called(name), () => api.encrypt(name, binding, values, signal), signal),
    decrypt: (name, binding, values, signal) =>
      gates.pass(called(name), () => api.decrypt(name, binding, values, signal), signal),
    rewrap: (name, values, signal) =>
      gates.pass(called(name), () => api.rewrap(name, values, signal), signal),
    encryptUnbound: (name, plaintext, signal) =>
      gates.pass(called(name), () => api.encryptUnbound(name, plaintext, signal), signal),
    decryptUnbound: (name, ciphertext, signal) =>
      gates.pass(called(name), () => api.decryptUnbound(name, ciphertext, signal), signal),
  };
}
