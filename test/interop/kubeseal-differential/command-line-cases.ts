import type { DifferentialCase } from "./differential-case.ts";
import { passiveCases, spellingCases } from "./flag-cases.ts";
import { modeCases } from "./mode-cases.ts";
import { namespaceCases } from "./namespace-cases.ts";
import { variableCases } from "./variable-cases.ts";

/** What has no mode of its own: flags, variables, precedence, namespaces. */
export const commandLineCases: readonly DifferentialCase[] = [
  ...spellingCases,
  ...passiveCases,
  ...variableCases,
  ...modeCases,
  ...namespaceCases,
];
