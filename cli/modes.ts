import { InputError } from "../shared/errors.ts";
import type { KubesealOptions } from "./options.ts";

/** What flags without a command word can ask for, in kubeseal's order: the first that was asked for wins. */
export type ModeName =
  | "recovery-unseal"
  | "validate"
  | "re-encrypt"
  | "fetch-cert"
  | "merge-into"
  | "raw"
  | "seal";

/**
 * The mode that flags without a command word ask for.
 * @throws InputError for flags that need another mode: exit code 1, as in kubeseal.
 */
export function modeOf(options: KubesealOptions): ModeName {
  const bare = options["from-file"].length > 0 ? "from-file" : options.item === null ? null : "item";
  if (bare !== null && !options.raw) {
    throw new InputError(`--${bare} requires --raw`, "give --raw too, or name a whole Secret with -f FILE");
  }
  if (options["recovery-unseal"]) return "recovery-unseal";
  if (options.validate) return "validate";
  if (options["re-encrypt"] || options.rotate) return "re-encrypt";
  if (options["fetch-cert"]) return "fetch-cert";
  if (options["merge-into"] !== null) return "merge-into";
  if (options.raw) return "raw";
  return "seal";
}
