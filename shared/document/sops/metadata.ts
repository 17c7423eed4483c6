import type { SopsMap } from "./tree.ts";

/** The data key of a document, or a share of it, wrapped by one master key. `enc` is as the document has it. */
export type SopsKeyEntry =
  /** `enc`: an armored age file. */
  | { type: "age"; recipient: string; enc: string }
  /** `enc`: base64 of the ciphertext blob. `role`, `awsProfile`: empty for none. `createdAt`: RFC 3339. */
  | {
      type: "kms";
      arn: string;
      role: string;
      context: Readonly<Record<string, string>>;
      awsProfile: string;
      createdAt: string;
      enc: string;
    }
  /** `enc`: Vault's own text, `vault:vN:…`. */
  | {
      type: "hc_vault";
      vaultAddress: string;
      enginePath: string;
      keyName: string;
      createdAt: string;
      enc: string;
    }
  /** A service that we do not have: kept as it was read. `type` is the name of its list, such as `pgp`. */
  | { type: "other"; list: string; entry: SopsMap };

/** What a new entry is to be wrapped for: a key entry without what wrapping gives. */
export type SopsRecipient =
  | { type: "age"; recipient: string }
  | {
      type: "kms";
      arn: string;
      role: string;
      context: Readonly<Record<string, string>>;
      awsProfile: string;
    }
  | { type: "hc_vault"; vaultAddress: string; enginePath: string; keyName: string };

/** Which leaves are encrypted; the six rules of SOPS, of which a document has at most one. */
export type SopsSelection =
  | {
      rule:
        | "unencrypted_suffix"
        | "encrypted_suffix"
        | "unencrypted_regex"
        | "encrypted_regex"
        | "unencrypted_comment_regex"
        | "encrypted_comment_regex";
      pattern: string;
    }
  /** None in the document, which counts as `unencrypted_suffix: _unencrypted`. */
  | { rule: "default" };

/** The mapping `sops` of a document. */
export type SopsMetadata = {
  /** One group: each entry wraps the data key. Several: those of group i wrap share i. */
  groups: readonly (readonly SopsKeyEntry[])[];
  /** As written; 0 for none. */
  shamirThreshold: number;
  selection: SopsSelection;
  macOnlyEncrypted: boolean;
  /** RFC 3339 in UTC with whole seconds, as it is authenticated. */
  lastModified: string;
  /** `ENC[…]`; empty for none. */
  mac: string;
  version: string;
  /** Fields nobody here knows, kept where the data key stays. */
  unknown: SopsMap;
};
