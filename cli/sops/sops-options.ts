import type { OptionTable } from "../option-spec.ts";

/** Whom a SOPS document is encrypted for, by sops' own names. */
export const sopsRecipientOptions = {
  age: {
    kind: "list",
    value: "RECIPIENT",
    group: "seal",
    summary: "seal as a SOPS document for these age recipients; or SOPS_AGE_RECIPIENTS",
  },
  kms: {
    kind: "list",
    value: "ARN[+ROLE]",
    group: "seal",
    summary: "the same for keys of AWS KMS; or SOPS_KMS_ARN",
  },
  "hc-vault-transit": {
    kind: "list",
    value: "URL",
    group: "seal",
    summary: "the same for keys of Vault, https://HOST/v1/ENGINE/keys/KEY; or SOPS_VAULT_URIS",
  },
  "encryption-context": {
    kind: "list",
    value: "NAME:VALUE",
    group: "seal",
    summary: "pairs that the keys of --kms bind the data key to, beside our own",
  },
} as const satisfies OptionTable;

/** What entries of SOPS documents may name beside a key, when they are opened with the user's credentials. */
export const sopsOpeningOptions = {
  "kms-allowed-roles": {
    kind: "list",
    value: "ARN",
    group: "seal",
    summary: "roles of AWS that SOPS documents may have taken on; those of signet allow when not given",
  },
  "kms-allowed-profiles": {
    kind: "list",
    value: "PROFILE",
    group: "seal",
    summary: "the same for profiles of the shared configuration",
  },
  "kms-allowed-contexts": {
    kind: "list",
    value: "NAME=VALUE",
    group: "seal",
    summary: "the same for pairs of an encryption context; NAME=* for any value",
  },
} as const satisfies OptionTable;
