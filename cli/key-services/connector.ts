import type { KmsApi } from "../../shared/seal/kms-api.ts";
import type { TransitApi } from "../../shared/seal/transit-api.ts";
import type { VaultAccess } from "./vault-access.ts";

/** A connection to a key service, and what ends it. */
export type Connected<Api> = { api: Api; close(): Promise<void> | void };

/** How key services are reached. Nothing is sent before the first question. */
export type KeyServiceConnector = {
  /** AWS KMS, with the credentials that the AWS tools of this machine would use. */
  kms(): Promise<Connected<KmsApi>>;
  /** The Transit engines of one Vault. */
  transit(access: VaultAccess): Promise<Connected<TransitApi>>;
};
