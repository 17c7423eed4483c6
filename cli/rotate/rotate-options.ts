import { keyOptions } from "../opening/opening-options.ts";
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

/** Flags of `signet rotate`. */
export const rotateOptions = {
  "private-key": {
    kind: "list",
    value: "PATH",
    group: "seal",
    summary:
      "open values here with these private keys: PEM files, backups of key Secrets, folders; - for stdin",
  },
  "recovery-private-key": keyOptions["recovery-private-key"],
  open: {
    kind: "switch",
    group: "seal",
    summary: "open values here with the cluster's sealing keys, which you may read",
  },
  // Not the variable of sealing: what stands there for other runs does not turn this one offline.
  cert: {
    kind: "text",
    value: "FILE|URL",
    group: "seal",
    summary: "the newest certificate; the controller is asked for it when not given",
  },
  "for-cluster": {
    kind: "list",
    value: "NAME",
    group: "seal",
    summary: "work on files of this cluster of .signet.yaml",
  },
  only: {
    kind: "list",
    value: "BACKEND,...",
    group: "seal",
    summary: "leave values of other backends as they are: cluster, kms, vault, sops",
  },
  all: {
    kind: "switch",
    group: "seal",
    summary: "seal every value anew, those too that are under the newest key",
  },
  "dry-run": { kind: "switch", group: "seal", summary: "do all of it, and write nothing" },
  format: {
    kind: "text",
    short: "o",
    value: "table|json",
    group: "seal",
    summary: "with json: print what became of each value as JSON",
  },
  "in-place": { ...fileOptions["in-place"], summary: "write each result back to its file: the default" },
  "output-dir": fileOptions["output-dir"],
  ...keyServiceOptions,
  ...sopsOpeningOptions,
  ...controllerOptions,
  ...clientOptions,
  namespace: {
    ...clientOptions.namespace,
    summary: "namespace of SealedSecrets that name none",
  },
  ...generalOptions,
} as const satisfies OptionTable;

/** What these flags were given as. */
export type RotateOptions = OptionValues<typeof rotateOptions>;
