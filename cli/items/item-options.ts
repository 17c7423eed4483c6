import { readArguments } from "../arguments.ts";
import {
  clientOptions,
  controllerOptions,
  generalOptions,
  type KubesealOptions,
  keyServiceOptions,
  kubesealOptions,
  type OptionTable,
  sopsOpeningOptions,
  sopsRecipientOptions,
} from "../options.ts";

const { cert, scope, name, backend } = kubesealOptions;

/** Flags of commands that take from a sealed file, or open what it holds: which object is meant, and what opens it. */
export const openedItemOptions = {
  name: {
    kind: "text",
    value: "NAME",
    group: "seal",
    summary: "name of the SealedSecret, where the file holds several",
  },
  ...sopsOpeningOptions,
  ...keyServiceOptions,
  ...controllerOptions,
  ...clientOptions,
  ...generalOptions,
} as const satisfies OptionTable;

/** Flags of commands that seal items: whose key they are sealed under, and for which place. */
export const sealedItemOptions = {
  ...openedItemOptions,
  name,
  cert,
  scope,
  "for-cluster": kubesealOptions["for-cluster"],
  backend,
  "kms-key": kubesealOptions["kms-key"],
  "vault-key": kubesealOptions["vault-key"],
  ...sopsRecipientOptions,
} as const satisfies OptionTable;

/** All of kubeseal's flags, those that a command has by what was given, the others as if they were not there. */
export function asKubesealOptions(options: Partial<KubesealOptions>): KubesealOptions {
  return { ...readArguments(kubesealOptions, [], {}).options, ...options };
}
