import type { DifferentialCase } from "./differential-case.ts";
import { fileCases } from "./seal-file-cases.ts";
import { annotatedCases, placeCases } from "./seal-place-cases.ts";
import { refusalCases } from "./seal-refusal-cases.ts";
import { scopeCases, shapeCases } from "./seal-shape-cases.ts";

/** Sealing whole Secrets. */
export const sealCases: readonly DifferentialCase[] = [
  ...scopeCases,
  ...shapeCases,
  ...annotatedCases,
  ...placeCases,
  ...refusalCases,
  ...fileCases,
];
