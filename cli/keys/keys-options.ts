import {
  clientOptions,
  controllerOptions,
  generalOptions,
  keyServiceOptions,
  type OptionTable,
  type OptionValues,
  sopsOpeningOptions,
  sopsRecipientOptions,
} from "../options.ts";
import { dependenceOptions } from "./dependence-options.ts";

/** Flags that go with some of its actions only. */
const ofActions = {
  ...dependenceOptions,
  with: {
    kind: "text",
    value: "kms:ARN|vault:MOUNT/KEY",
    group: "seal",
    summary: "with wrap and new: the key to wrap sealing keys by",
  },
  all: {
    kind: "switch",
    group: "seal",
    summary: "wrap or unwrap every sealing key in use; with backup: copy those out of use, too",
  },
  "dry-run": {
    kind: "switch",
    group: "seal",
    summary: "do all of it, and write nothing",
  },
  "without-backup": {
    kind: "switch",
    group: "seal",
    summary: "with wrap: keys too of which no backup is confirmed; with new: one more beside such a key",
  },
  "accept-fingerprint": {
    kind: "list",
    value: "FINGERPRINT,...",
    group: "seal",
    summary: "with wrap and names: wrap these keys though they would seal from then on",
  },
  "ahead-of-controller": {
    kind: "switch",
    group: "seal",
    summary: "do it before the controller's options fit",
  },
  age: { ...sopsRecipientOptions.age, summary: "with backup: age recipients who are to open it" },
  kms: { ...sopsRecipientOptions.kms, summary: "with backup: keys of AWS KMS that are to open it" },
  "hc-vault-transit": {
    ...sopsRecipientOptions["hc-vault-transit"],
    summary: "with backup: keys of Vault that are to open it, https://HOST/v1/ENGINE/keys/KEY",
  },
  "encryption-context": {
    ...sopsRecipientOptions["encryption-context"],
    summary: "with backup: pairs that the keys of --kms bind it to",
  },
  "output-file": {
    kind: "text",
    short: "w",
    value: "FILE",
    group: "files",
    summary: "with backup: write it to this file, not standard output",
  },
  overwrite: {
    kind: "switch",
    group: "files",
    summary: "with backup: replace a file that holds keys which the new one will not hold",
  },
  confirm: {
    kind: "switch",
    group: "seal",
    summary: "with backup: take down on the key Secrets that it is stored",
  },
  ...sopsOpeningOptions,
  format: {
    kind: "text",
    short: "o",
    value: "table|wide|json",
    group: "seal",
    summary: "with list and show: a table for people, or JSON",
  },
} as const satisfies OptionTable;

/** Flags of `signet keys`. */
export const keysOptions = {
  ...ofActions,
  ...keyServiceOptions,
  ...controllerOptions,
  ...clientOptions,
  ...generalOptions,
} as const satisfies OptionTable;

/** Flags that go with some actions only, each of which names its own. */
export const actionFlags = Object.keys(ofActions) as readonly (keyof typeof ofActions)[];

/** What these flags were given as. */
export type KeysOptions = OptionValues<typeof keysOptions>;
