import { sarifText } from "../findings/sarif.ts";
import type { Finding } from "./finding.ts";
import { RULES } from "./rules.ts";

/** Findings as SARIF 2.1.0. */
export function sarifReport(findings: readonly Finding[]): string {
  const results = findings.map((finding) => {
    const { rule, level, uri, line, object, item } = finding;
    return { rule, level, uri, line, message: messageOf(finding), about: [object, item] };
  });
  return sarifText("guard", RULES, results);
}

function messageOf({ what, next, commit }: Finding): string {
  const of = commit === null ? "" : ` (commit ${commit.slice(0, 12)})`;
  return `${capital(what)}${of}. Next: ${next}.`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
