import type { KmsApi, KmsCaller } from "../../shared/seal/kms-api.ts";
import type { TransitApi } from "../../shared/seal/transit-api.ts";

/** Which Vault is meant: keys of another address, or of another namespace inside it, are other keys. */
export type VaultPlace = {
  /** `https://vault.example.com:8200`: scheme, host and port, in small letters and without a slash at the end. */
  address: string;
  /** Namespace inside Vault; empty for the root. */
  namespace: string;
};

/** How Vault is reached. */
export type VaultAccess = VaultPlace & {
  /** Certificates that Vault's is signed by, in PEM; null for those that the system trusts. */
  ca: string | null;
  token: string;
};

/** A connection to a key service, and what ends it. */
export type Connected<Api> = { api: Api; close(): Promise<void> | void };

/** How key services are reached. Nothing is sent before the first question. */
export type KeyServiceConnector = {
  /** AWS KMS, with the credentials that the AWS tools of this machine would use: for a profile and role that are named, if any are. */
  kms(caller?: KmsCaller): Promise<Connected<KmsApi>>;
  /** The Transit engines of one Vault. */
  transit(access: VaultAccess): Promise<Connected<TransitApi>>;
};
