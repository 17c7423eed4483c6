import { InputError } from "../../shared/errors.ts";
import { counted } from "../counted.ts";
import { openings } from "../inventory/openings.ts";
import { type AuditReport, auditJson, auditTable } from "./audit-report.ts";
import type { AuditResult, AuditRun } from "./audit-result.ts";
import { readPolicy } from "./audit-rules.ts";
import { findDuplicates } from "./duplicates.ts";
import { type AuditedValue, judgeValue } from "./judge-values.ts";
import { keyDependents } from "./key-dependents.ts";

/** Tells of every value which key it needs, and what stands against it; fails by the policy of the flags. */
export async function auditValues({ options, paths, means, io, format }: AuditRun): Promise<AuditResult> {
  const policy = readPolicy(options["fail-on"], options["max-key-age"]);
  const compares =
    options.duplicates || options["duplicates-key"] !== null || policy.failOn.has("duplicates");
  const { objects, problems } = await means.present(paths);
  const ring = await means.ring();
  const outcomes = await openings(objects, means.opener(ring, compares));
  const now = io.now();
  const values = objects.flatMap((object) =>
    object.values.flatMap((value) => {
      const outcome = outcomes.get(value);
      return outcome === undefined ? [] : [judgeValue(object, value, outcome, { ring, policy, now })];
    }),
  );
  const duplicates = compares ? findDuplicates(values, policy.failOn.has("duplicates")) : [];
  const keys = keyDependents(values, ring, now);
  const isBound = values.some(
    ({ value, outcome }) => value.backend !== "classic" && outcome.kind === "opened",
  );
  const clusterId = isBound ? await means.clusterId() : null;
  const report: AuditReport = { values, keys, duplicates, clusterId, problems };
  const skips = options["skip-unreadable"];
  return {
    report: await written(report, format, skips, io),
    problems,
    notes: [],
    failure: failureOf(values),
  };
}

async function written(
  report: AuditReport,
  format: AuditRun["format"],
  skips: boolean,
  io: AuditRun["io"],
): Promise<string> {
  if (format === "json") return auditJson(report);
  if (format === "table") return auditTable(report);
  const { auditSarif } = await import("./audit-sarif.ts");
  const found = report.values.flatMap(({ object, value, findings }) =>
    findings.map((finding) => ({ ...finding, object, item: value.item })),
  );
  return auditSarif(found, { problems: report.problems, skips, passedOver: [] }, io);
}

function failureOf(values: readonly AuditedValue[]): InputError | null {
  const failing = values.flatMap(({ findings }) => findings.filter(({ fails }) => fails));
  const [first] = failing;
  if (first === undefined) return null;
  const count = values.filter(({ findings }) => findings.some(({ fails }) => fails)).length;
  const rules = [...new Set(failing.map(({ rule }) => rule))].join(", ");
  return new InputError(
    `${count} of ${counted(values.length, "value")} ${count === 1 ? "is" : "are"} not as the policy wants (${rules})`,
    first.next,
  );
}
