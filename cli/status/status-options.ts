import { clientOptions, controllerOptions, generalOptions, type OptionTable } from "../options.ts";

/** Whose objects are meant. */
const namespace = {
  ...clientOptions.namespace,
  summary: "namespace to look at; that of the context when not given",
} as const;

/** Flags of `signet status`. */
export const statusOptions = {
  "all-namespaces": { kind: "switch", short: "A", group: "cluster", summary: "look at all namespaces" },
  "show-all": { kind: "switch", group: "seal", summary: "list what is in sync, too" },
  format: {
    kind: "text",
    short: "o",
    value: "table|wide|json",
    group: "seal",
    summary: "a table for people, one with keys and scopes, or JSON",
  },
  ...controllerOptions,
  ...clientOptions,
  namespace,
  ...generalOptions,
} as const satisfies OptionTable;

/** Flags of `signet wait`. */
export const waitOptions = {
  filename: {
    kind: "list",
    short: "f",
    value: "PATH",
    group: "files",
    summary: "wait for the SealedSecrets of these files and folders, as they stand there",
  },
  all: { kind: "switch", group: "seal", summary: "wait for all that the namespace has now" },
  for: {
    kind: "text",
    value: "ready|synced",
    group: "seal",
    summary: "synced is content with a Secret in sync whose last look failed; ready when not given",
  },
  timeout: {
    kind: "text",
    value: "DURATION",
    group: "seal",
    summary: "longest wait in all, as in 90s or 5m; 0 for none; 5m when not given",
  },
  ...controllerOptions,
  ...clientOptions,
  namespace,
  ...generalOptions,
} as const satisfies OptionTable;
