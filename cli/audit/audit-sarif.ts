import { placeInRepository } from "../findings/place-in-repository.ts";
import { type ReportNotification, type ReportResult, sarifText } from "../findings/sarif.ts";
import type { InventoryProblem, SealedObject } from "../inventory/sealed-object.ts";
import type { Io } from "../io.ts";
import { AUDIT_RULES, type AuditRule } from "./audit-rules.ts";
import { objectName } from "./item-name.ts";
import { toldAt } from "./unread.ts";

/** Something found about an item of an object. */
export type ReportedFinding = {
  object: SealedObject;
  item: string;
  rule: AuditRule;
  what: string;
  next: string;
  fails: boolean;
};

/** What could not be read. */
export type UnreadInSarif = {
  problems: readonly InventoryProblem[];
  /** Whether the run does not fail for these. */
  skips: boolean;
  /** What was let pass by name, and what is no part of what was looked at. */
  passedOver: readonly InventoryProblem[];
};

function notificationOf(
  { where, problem, next }: InventoryProblem,
  level: ReportNotification["level"],
): ReportNotification {
  return { level, message: `${toldAt(where, problem)}. Next: ${next}.` };
}

/** What was found in files as SARIF, with paths from the root of the repository; what stands elsewhere has no place there. */
export function auditSarif(
  found: readonly ReportedFinding[],
  { problems, skips, passedOver }: UnreadInSarif,
  io: Io,
): string {
  const placeOf = placeInRepository(io);
  const results = found.flatMap(({ object, item, rule, what, next, fails }): ReportResult[] => {
    const { origin } = object;
    if (origin.kind !== "file") return [];
    const message = `${objectName(object)} ${item}: ${what}. Next: ${next}.`;
    const { path, line } = origin;
    const about = [objectName(object), item];
    return [{ rule, level: fails ? "error" : "note", message, uri: placeOf(path), line, about }];
  });
  return sarifText("audit", AUDIT_RULES, results, [
    ...problems.map((problem) => notificationOf(problem, skips ? "warning" : "error")),
    ...passedOver.map((problem) => notificationOf(problem, "note")),
  ]);
}
