import { keyOptions, templateOptions } from "../opening/opening-options.ts";
import {
  clientOptions,
  controllerOptions,
  generalOptions,
  keyServiceOptions,
  type OptionTable,
  type OptionValues,
} from "../options.ts";

/** Flags of `signet explain`. */
export const explainOptions = {
  ...keyOptions,
  candidate: {
    kind: "repeated",
    value: "NAMESPACE/NAME",
    group: "seal",
    summary: "a place a value may have been sealed for; repeatable",
  },
  "list-candidates": {
    kind: "switch",
    group: "seal",
    summary: "with --key: take the cluster's SealedSecrets, as far as you may list them, for such places",
  },
  ...templateOptions,
  format: {
    kind: "text",
    short: "o",
    value: "table|json",
    group: "seal",
    summary: "a table for people, or JSON",
  },
  // Which keys are allowed is told without asking any service.
  ...keyServiceOptions,
  ...controllerOptions,
  ...clientOptions,
  ...generalOptions,
} as const satisfies OptionTable;

/** What these flags were given as. */
export type ExplainOptions = OptionValues<typeof explainOptions>;
