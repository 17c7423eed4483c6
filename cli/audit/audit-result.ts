import type { InputError } from "../../shared/errors.ts";
import type { InventoryProblem } from "../inventory/sealed-object.ts";
import type { Io } from "../io.ts";
import type { AuditMeans } from "./audit-means.ts";
import type { AuditOptions } from "./audit-options.ts";

/** Form of a report. */
export type AuditFormat = "table" | "json" | "sarif";

/** What a run of it is given. */
export type AuditRun = {
  options: AuditOptions;
  paths: readonly string[];
  means: AuditMeans;
  io: Io;
  format: AuditFormat;
};

/** What came of it: the report, what could not be read, and why the run fails, if it does. */
export type AuditResult = {
  report: string;
  problems: readonly InventoryProblem[];
  /** What was let pass by name, and what is no part of what was looked at: told of, and no reason to fail. */
  notes: readonly InventoryProblem[];
  failure: InputError | null;
};
