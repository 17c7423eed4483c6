import {
  clientOptions,
  controllerOptions,
  generalOptions,
  keyServiceOptions,
  type OptionTable,
  type OptionValues,
} from "../options.ts";

/** Flags that go with some of its actions only. */
const ofActions = {
  with: {
    kind: "text",
    value: "kms:ARN|vault:MOUNT/KEY",
    group: "seal",
    summary: "with wrap: the key to wrap sealing keys by",
  },
  all: { kind: "switch", group: "seal", summary: "wrap or unwrap every sealing key in use" },
  "dry-run": {
    kind: "switch",
    group: "seal",
    summary: "do all of it, and write nothing",
  },
  "without-backup": {
    kind: "switch",
    group: "seal",
    summary: "with wrap: wrap keys too of which no backup is confirmed",
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
  format: {
    kind: "text",
    short: "o",
    value: "table|json",
    group: "seal",
    summary: "with list: a table for people, or JSON",
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
