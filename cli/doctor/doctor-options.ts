import { clientOptions, controllerOptions, generalOptions, type OptionTable } from "../options.ts";

/** Flags of `signet doctor`. */
export const doctorOptions = {
  leave: {
    kind: "switch",
    group: "seal",
    summary: "list what stands in the way of going back to the reference's controller",
  },
  format: {
    kind: "text",
    short: "o",
    value: "table|json",
    group: "seal",
    summary: "a line for each check, or JSON",
  },
  ...controllerOptions,
  ...clientOptions,
  ...generalOptions,
} as const satisfies OptionTable;
