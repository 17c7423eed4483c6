import type { HelpPage } from "../../command.ts";

/** The record of what a user allows. */
export const ALLOWED = [
  "$XDG_CONFIG_HOME/signet/allowed-keys.json",
  "keys that values may be opened with (else ~/.config)",
] as const;

/** `allow` */
export const page: HelpPage = {
  usage: [
    "allow",
    "allow [--remove] kms ARN|PATTERN",
    "allow [--remove] [--vault-addr URL] [--vault-namespace NAMESPACE] vault MOUNT/KEY|PATTERN",
    "allow [--remove] kms-role ARN",
    "allow [--remove] kms-profile PROFILE",
    "allow [--remove] kms-context NAME=VALUE",
    "allow [--remove] recipients FILE",
  ],
  description: [
    "A value of AWS KMS or Vault names the key it lies under, and whoever writes the file writes the name. So your credentials are used only for keys that you allowed, by this command or by --kms-allowed-keys and --vault-allowed-keys; those flags count instead of it. Sealing under a key that you name yourself needs no permission.",
    "In a pattern * stands for any text between separators, and {namespace} in the place of a whole part for the namespace of the SealedSecret. That is the namespace the file names: whoever writes it chooses, so {namespace} allows all that * does there. A key of Vault is allowed for one address, and one namespace inside Vault. Without arguments it lists what is allowed.",
    "An entry of AWS KMS in a SOPS document may name more: a role to take on, a profile, pairs of an encryption context. Each is used once it is allowed as it stands; NAME=* allows any value of a pair. The flags --kms-allowed-roles, --kms-allowed-profiles and --kms-allowed-contexts count instead.",
    "Whoever changes the recipients in a .sops.yaml reads what is encrypted from then on. So those that you encrypt for are recorded with the first use of the file, and others refused later; recipients accepts those that the file names now, and shows them.",
  ],
  examples: [
    {
      what: "Allow a key of AWS KMS",
      command:
        "signet allow kms arn:aws:kms:eu-central-1:123456789012:key/1b2c3d4e-5f60-4718-8293-a4b5c6d7e8f9",
    },
    {
      what: "Allow the key of each namespace, by its alias",
      command: "signet allow kms 'arn:aws:kms:eu-central-1:123456789012:alias/signet/{namespace}'",
    },
    {
      what: "Allow a key of Vault",
      command: "signet allow --vault-addr https://vault.example.com:8200 vault transit/signet",
    },
    {
      what: "Let SOPS documents take on a role",
      command: "signet allow kms-role arn:aws:iam::123456789012:role/sops",
    },
    { what: "Accept the recipients of a project anew", command: "signet allow recipients .sops.yaml" },
    { what: "List what is allowed", command: "signet allow" },
  ],
  files: [
    ALLOWED,
    [
      "$XDG_CONFIG_HOME/signet/recipients.json",
      "recipients of .sops.yaml files that you accepted (else ~/.config)",
    ],
  ],
};
