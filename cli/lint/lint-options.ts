import { templateOptions } from "../opening/opening-options.ts";
import { generalOptions, keyServiceOptions, type OptionTable } from "../options.ts";

/** Flags of `signet lint`. */
export const lintOptions = {
  cert: {
    kind: "list",
    value: "FILE",
    group: "seal",
    summary: "certificates of the keys that values may be for, files only; any key when not given",
  },
  format: {
    kind: "text",
    short: "o",
    value: "table|json|junit|sarif",
    group: "seal",
    summary: "a line for each finding, JSON, JUnit XML, or SARIF for code scanning",
  },
  "fail-on-warnings": { kind: "switch", group: "seal", summary: "fail for warnings, too" },
  "cluster-id": keyServiceOptions["cluster-id"],
  ...templateOptions,
  ...generalOptions,
} as const satisfies OptionTable;
