import type { Io } from "./io.ts";
import { kubesealOptions, type OptionTable, variableOf } from "./options.ts";

/** Variables that stand for flags of a command: those of the flags that it shares with kubeseal. */
export function variablesFor(table: OptionTable, env: Io["env"]): Io["env"] {
  const kubeseal: OptionTable = kubesealOptions;
  const shared = Object.keys(table).filter((flag) => table[flag] === kubeseal[flag]);
  return Object.fromEntries(shared.map((flag) => [variableOf(flag), env[variableOf(flag)]]));
}
