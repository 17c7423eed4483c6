import {
  clientOptions,
  controllerOptions,
  fileOptions,
  generalOptions,
  keyServiceOptions,
  type OptionTable,
  type OptionValues,
  sopsOpeningOptions,
} from "../options.ts";
import { keyOptions, templateOptions } from "./opening-options.ts";

/** Flags of `signet unseal`. */
export const unsealOptions = {
  ...keyOptions,
  // The cluster is asked for its id alone, where values of key services are bound to it.
  ...keyServiceOptions,
  ...sopsOpeningOptions,
  ...controllerOptions,
  ...clientOptions,
  item: {
    kind: "text",
    value: "KEY",
    group: "mode",
    summary: "print the plain bytes of this item only; with --raw: the item a value of a key service is for",
  },
  raw: { kind: "switch", group: "mode", summary: "open one bare value and print its plain bytes" },
  "from-file": {
    kind: "text",
    value: "FILE",
    group: "mode",
    summary: "with --raw: file that holds the value",
  },
  scope: {
    kind: "text",
    value: "strict|namespace-wide|cluster-wide",
    group: "mode",
    summary: "with --raw: scope of the value; strict when not given",
  },
  namespace: {
    kind: "text",
    short: "n",
    value: "NAMESPACE",
    group: "mode",
    summary: "with --raw: namespace the value is for; with --item: of the SealedSecret",
  },
  name: {
    kind: "text",
    value: "NAME",
    group: "mode",
    summary: "with --raw: name the value is for; with --item: of the SealedSecret",
  },
  ...templateOptions,
  format: {
    kind: "text",
    short: "o",
    value: "json|yaml",
    group: "seal",
    summary: "output format; that of the input when not given",
  },
  "sealed-secret-file": {
    kind: "text",
    short: "w",
    value: "FILE",
    group: "files",
    summary: "write to this file, readable by you only",
  },
  ...fileOptions,
  ...generalOptions,
} as const satisfies OptionTable;

/** What these flags were given as. */
export type UnsealOptions = OptionValues<typeof unsealOptions>;
