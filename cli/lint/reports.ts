import { type JunitCase, junitText } from "../findings/junit.ts";
import { sarifText } from "../findings/sarif.ts";
import { jsonText } from "../json-text.ts";
import { oneLine } from "../shown-text.ts";
import type { LintResult } from "./lint-files.ts";
import type { LintFinding } from "./problem.ts";
import { RULES } from "./rules.ts";

/** Forms that a report may have. */
export const FORMATS = ["table", "json", "junit", "sarif"] as const;
/** One of them. */
export type ReportFormat = (typeof FORMATS)[number];

/**
 * The report in one of its forms.
 * @param fails which findings are reason to fail.
 * @param placeOf where a file lies from the root of the repository, by its path as it was given.
 */
export function reportText(
  format: ReportFormat,
  result: LintResult,
  fails: (finding: LintFinding) => boolean,
  placeOf: (path: string) => string,
): string {
  switch (format) {
    case "table":
      return tableReport(result.findings);
    case "json":
      return jsonReport(result);
    case "junit":
      return junitText("lint", casesOf(result, fails));
    case "sarif":
      return sarifText(
        "lint",
        RULES,
        result.findings.map((finding) => sarifResult(finding, placeOf)),
      );
  }
}

/** One line for each finding that says where and what, and one with the next step. */
function tableReport(findings: readonly LintFinding[]): string {
  return findings
    .map((finding) => {
      const { path, line, level, rule, next } = finding;
      const mark = level === "error" ? "" : `${level}: `;
      const lines = [`${path}:${line}: ${mark}${textOf(finding)} [${rule}]`, `    ${next}`];
      return lines.map((text) => `${oneLine(text)}\n`).join("");
    })
    .join("");
}

function jsonReport({ findings, allowed, objects, files }: LintResult): string {
  const report = {
    findings: findings.map(fieldsOf),
    allowed: allowed.map((finding) => ({ ...fieldsOf(finding), reason: finding.reason })),
    files,
    sealedSecrets: objects.length,
  };
  return jsonText(report);
}

function fieldsOf({ rule, level, path, line, object, item, what, next }: LintFinding) {
  return { rule, title: RULES[rule].title, level, path, line, object, item, what, next };
}

function sarifResult(finding: LintFinding, placeOf: (path: string) => string) {
  const { rule, level, path, line, object, item, next } = finding;
  const text = textOf(finding);
  const message = `${text.charAt(0).toUpperCase()}${text.slice(1)}. Next: ${next}.`;
  return { rule, level, message, uri: placeOf(path), line, about: [object, item] };
}

function textOf({ object, what }: LintFinding): string {
  return object === null ? what : `${object}: ${what}`;
}

/**
 * What fails, each by itself; and what was looked at and does not, with what is told of it. Nothing out of a file has a line of its
 * own: log viewers take the begin of a line for a command to them.
 */
function casesOf(
  { findings, objects }: LintResult,
  fails: (finding: LintFinding) => boolean,
): readonly JunitCase[] {
  const failed = findings.filter(fails).map((finding): JunitCase => {
    const { line, rule, next } = finding;
    const [file, message] = [oneLine(finding.path), oneLine(textOf(finding))];
    const text = `${file}:${line}: ${message}\nNext: ${oneLine(next)}`;
    return {
      file,
      line,
      name: `${message} [${rule}]`,
      failure: { type: rule, message, text },
      output: null,
    };
  });
  const passed = objects.flatMap(({ path, line, object }): JunitCase[] => {
    const own = findings.filter((finding) => finding.path === path && finding.object === object);
    if (own.some(fails)) return [];
    const told = own.map(
      (finding) => `${finding.level}: ${oneLine(finding.what)}\nNext: ${oneLine(finding.next)}`,
    );
    const output = told.length === 0 ? null : told.join("\n");
    return [{ file: oneLine(path), line, name: oneLine(object), failure: null, output }];
  });
  return [...failed, ...passed];
}
