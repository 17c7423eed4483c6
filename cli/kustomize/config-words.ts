import type { SealError } from "../../shared/errors.ts";
import { InputError } from "../../shared/errors.ts";
import { hasVariable, kubesealOptions, type OptionTable, variableOf } from "../options.ts";
import { renderOptions } from "../render/render-options.ts";

const FIELDS: ReadonlyMap<string, string> = new Map([
  ["allow-namespace", "allowNamespaces"],
  ["allow-cluster-wide", "allowClusterWide: true"],
  ["allow-unbound", "allowUnbound: true"],
  ["namespace", "namespace"],
]);
const FLAGS: OptionTable = { ...kubesealOptions, ...renderOptions };

/** Errors speak of flags; a function has none, and takes what they say from its configuration and from variables. */
export function inConfigWords(error: SealError): SealError {
  const [message, hint] = [error.message, error.hint].map((text) =>
    text.replaceAll(/--([a-z][-a-z]+)(?: [A-Z]+\b)?/g, (typed, name: string) => wordFor(name) ?? typed),
  );
  if (message === error.message && hint === error.hint) return error;
  return new InputError(message ?? "", hint ?? "", { cause: error });
}

function wordFor(flag: string): string | null {
  const field = FIELDS.get(flag);
  if (field !== undefined) return field;
  const spec = Object.hasOwn(FLAGS, flag) ? FLAGS[flag] : undefined;
  return spec !== undefined && hasVariable(spec) ? `the variable ${variableOf(flag)}` : null;
}
