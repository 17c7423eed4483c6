import { certificateCases } from "./certificate-cases.ts";
import { commandLineCases } from "./command-line-cases.ts";
import type { Mode } from "./coverage.ts";
import type { DifferentialCase } from "./differential-case.ts";
import { mergeCases } from "./merge-cases.ts";
import { rawCases } from "./raw-cases.ts";
import { reEncryptCases } from "./re-encrypt-cases.ts";
import { recoveryCases } from "./recovery-cases.ts";
import { sealCases } from "./seal-cases.ts";
import { validateCases } from "./validate-cases.ts";

const tables: Readonly<Record<Mode, readonly DifferentialCase[]>> = {
  seal: sealCases,
  certificates: certificateCases,
  raw: rawCases,
  "merge-into": mergeCases,
  validate: validateCases,
  "re-encrypt": reEncryptCases,
  "recovery-unseal": recoveryCases,
  "command line": commandLineCases,
};

/** Every case with its mode. */
export const allCases = Object.entries(tables).flatMap(([mode, table]) =>
  table.map((each) => ({ mode: mode as Mode, ...each })),
);
