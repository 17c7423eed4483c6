import { keyOptions, templateOptions } from "../opening/opening-options.ts";
import {
  clientOptions,
  controllerOptions,
  generalOptions,
  keyServiceOptions,
  type OptionTable,
  type OptionValues,
  sopsOpeningOptions,
} from "../options.ts";

/** Flags of `signet render`. */
export const renderOptions = {
  ...keyOptions,
  "cluster-keys": {
    kind: "switch",
    group: "seal",
    summary: "open with the sealing keys in the cluster, too, which takes leave to read their Secrets",
  },
  strict: {
    kind: "switch",
    group: "mode",
    summary: "fail where anything would go out sealed",
  },
  "allow-namespace": {
    kind: "repeated",
    value: "NAMESPACE",
    group: "mode",
    summary: "open nothing of other namespaces; repeatable, or with commas",
  },
  "allow-cluster-wide": {
    kind: "switch",
    group: "mode",
    summary: "open values that are sealed for every namespace, too",
  },
  "allow-unbound": {
    kind: "switch",
    group: "mode",
    summary: "open SOPS documents that do not say what they were sealed for, too",
  },
  "allowed-secret-types": {
    kind: "list",
    value: "TYPE",
    group: "mode",
    summary: "types of Secrets that are refused otherwise, as the controller has them",
  },
  "allowed-annotations": {
    kind: "list",
    value: "PATTERN",
    group: "mode",
    summary: "annotations that make others copy a Secret, which are refused otherwise",
  },
  ...templateOptions,
  namespace: {
    kind: "text",
    short: "n",
    value: "NAMESPACE",
    group: "mode",
    summary: "namespace of sealed objects that name none",
  },
  format: {
    kind: "text",
    value: "json|yaml",
    group: "files",
    summary: "yaml, every document as it was written, when not given",
  },
  output: {
    kind: "text",
    short: "o",
    value: "FILE",
    group: "files",
    summary: "write to this file, readable by you only; - for standard output, a terminal too",
  },
  ...keyServiceOptions,
  ...sopsOpeningOptions,
  ...controllerOptions,
  ...omitNamespace(),
  ...generalOptions,
} as const satisfies OptionTable;

/** What these flags were given as. */
export type RenderOptions = OptionValues<typeof renderOptions>;

/** kubectl's own --namespace says something else. */
function omitNamespace(): Omit<typeof clientOptions, "namespace"> {
  const { namespace: _, ...others } = clientOptions;
  return others;
}
