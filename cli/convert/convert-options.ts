import { type KubesealOptions, kubesealOptions, type OptionTable, type OptionValues } from "../options.ts";
import { renderOptions } from "../render/render-options.ts";

/** Flags of `signet convert`: those of sealing say what to convert to, those of rendering what to open with. */
export const convertOptions = {
  ...kubesealOptions,
  "as-secret": {
    kind: "switch",
    group: "mode",
    summary: "write Secrets that SOPS encrypted, instead of SealedSecrets; with --backend sops",
  },
  key: renderOptions.key,
  "cluster-keys": renderOptions["cluster-keys"],
  "allow-namespace": renderOptions["allow-namespace"],
  "allow-cluster-wide": renderOptions["allow-cluster-wide"],
  "allow-unbound": renderOptions["allow-unbound"],
  "allowed-secret-types": renderOptions["allowed-secret-types"],
  "allowed-annotations": renderOptions["allowed-annotations"],
  "allow-nondeterministic-templates": renderOptions["allow-nondeterministic-templates"],
} as const satisfies OptionTable;

/** What these flags were given as. */
export type ConvertOptions = OptionValues<typeof convertOptions> & KubesealOptions;
