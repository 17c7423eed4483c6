import type { KmsApi } from "./kms-api.ts";
import type { TransitApi } from "./transit-api.ts";

/** AWS KMS that is connected with the first call: a value that has not its form needs no connection, nor credentials. */
export function kmsLater(connect: () => Promise<KmsApi>): KmsApi {
  return {
    generateDataKey: async (...call) => (await connect()).generateDataKey(...call),
    encrypt: async (...call) => (await connect()).encrypt(...call),
    decrypt: async (...call) => (await connect()).decrypt(...call),
    reEncrypt: async (...call) => (await connect()).reEncrypt(...call),
  };
}

/** The same for Vault's Transit engine. */
export function transitLater(connect: () => Promise<TransitApi>): TransitApi {
  return {
    describeKey: async (...call) => (await connect()).describeKey(...call),
    encrypt: async (...call) => (await connect()).encrypt(...call),
    decrypt: async (...call) => (await connect()).decrypt(...call),
    rewrap: async (...call) => (await connect()).rewrap(...call),
    encryptUnbound: async (...call) => (await connect()).encryptUnbound(...call),
    decryptUnbound: async (...call) => (await connect()).decryptUnbound(...call),
  };
}
