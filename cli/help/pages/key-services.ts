/** Flags that name a key of a key service to seal under. */
export const SEALING_UNDER = ["backend", "kms-key", "vault-key", "cluster-id"] as const;

/** Flags that name whom a SOPS document is for. */
export const SEALING_FOR = ["age", "kms", "hc-vault-transit", "encryption-context"] as const;

/** Flags that say how Vault is reached. AWS KMS goes by AWS' own variables and files. */
export const REACHING_VAULT = ["vault-addr", "vault-namespace", "vault-ca-cert", "vault-token-file"] as const;

/** Flags of whatever opens values of key services. */
export const OPENING_UNDER = [
  "kms-allowed-keys",
  "kms-allowed-roles",
  "kms-allowed-profiles",
  "kms-allowed-contexts",
  "vault-allowed-keys",
  ...REACHING_VAULT,
] as const;

/** The services' own variables. */
export const VARIABLES = [
  ["AWS_PROFILE, AWS_REGION, …", "credentials and region for AWS KMS, as for the AWS tools"],
  [
    "VAULT_ADDR, VAULT_TOKEN, …",
    "the way to Vault, where flags do not say it; also VAULT_NAMESPACE, VAULT_CACERT",
  ],
  [
    "SOPS_AGE_KEY_FILE, SOPS_AGE_KEY, …",
    "age identities that open SOPS documents, as for sops (docs/sops-keys.md)",
  ],
] as const;
