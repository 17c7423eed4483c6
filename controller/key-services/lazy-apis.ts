import type { KmsApi } from "../../shared/seal/kms-api.ts";
import type { TransitApi } from "../../shared/seal/transit-api.ts";

/** AWS KMS, connected by the first call. */
export function lazyKms(connect: () => Promise<KmsApi>): KmsApi {
  return {
    generateDataKey: async (...call) => (await connect()).generateDataKey(...call),
    decrypt: async (...call) => (await connect()).decrypt(...call),
    reEncrypt: async (...call) => (await connect()).reEncrypt(...call),
  };
}

/** Vault's Transit engines, connected by the first call. */
export function lazyTransit(connect: () => Promise<TransitApi>): TransitApi {
  return {
    describeKey: async (...call) => (await connect()).describeKey(...call),
    encrypt: async (...call) => (await connect()).encrypt(...call),
    decrypt: async (...call) => (await connect()).decrypt(...call),
    rewrap: async (...call) => (await connect()).rewrap(...call),
  };
}
