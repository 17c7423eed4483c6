import { jsonText } from "../json-text.ts";
import { shownText } from "../shown-text.ts";
import type { Finding } from "./finding.ts";
import { RULES } from "./rules.ts";

/** One line for each finding that says where and what, and one with the next step. */
export function textReport(findings: readonly Finding[]): string {
  return findings
    .map(({ path, line, what, next, level, commit, rule }) => {
      const of = commit === null ? "" : ` (commit ${commit.slice(0, 12)})`;
      const note = level === "note" ? "note: " : "";
      const lines = [`${path}:${line}: ${note}${what}${of} [${rule}]`, `    ${next}`];
      return lines.map((text) => `${shownText(text)}\n`).join("");
    })
    .join("");
}

/** The same for programs. */
export function jsonReport(
  findings: readonly Finding[],
  allowed: readonly (Finding & { reason: string })[],
): string {
  const fields = ({ rule, level, path, line, commit, object, item, what, next }: Finding) => ({
    rule,
    title: RULES[rule].title,
    level,
    path,
    line,
    commit,
    object,
    item,
    what,
    next,
  });
  const report = {
    findings: findings.map(fields),
    allowed: allowed.map((finding) => ({ ...fields(finding), reason: finding.reason })),
  };
  return jsonText(report);
}
