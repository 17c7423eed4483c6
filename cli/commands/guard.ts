import { InputError, UsageError } from "../../shared/errors.ts";
import type { Command } from "../command.ts";
import type { Finding } from "../guard/finding.ts";
import { guardOptions } from "../guard/guard-options.ts";
import { jsonReport, textReport } from "../guard/reports.ts";
import { type Answer, lookAtWhatIsAsked } from "../guard/what-is-asked.ts";
import { page } from "../help/pages/guard.ts";
import type { Io } from "../io.ts";
import { writeProduct } from "../output-file.ts";
import { shownText } from "../shown-text.ts";

/** `signet guard`: finds Secrets and keys in plain text before they are committed, pushed or merged. */
export const guard: Command<typeof guardOptions> = {
  name: "guard",
  summary: "find Secrets and keys in plain text among changes",
  options: guardOptions,
  page,
  async run({ options, positionals, io }) {
    const format = (options.format ?? "text").toLowerCase();
    if (format !== "text" && format !== "json" && format !== "sarif")
      throw new UsageError(
        `unsupported report format: ${options.format}`,
        "write --format text, json or sarif",
      );
    const answer = await lookAtWhatIsAsked(options, positionals, io);
    const findings = inOrder([...answer.findings, ...(answer.notes ?? [])]);
    const text = textReport(findings);
    const report =
      format === "sarif"
        ? (await import("../guard/sarif.ts")).sarifReport(findings)
        : format === "json"
          ? jsonReport(findings, answer.allowed)
          : text;
    writeProduct(report, { format: null, "sealed-secret-file": options.output }, io);
    // A log says what is wrong, too, where the report goes elsewhere.
    if (options.output !== null) io.stderr.write(text);
    if (answer.notes === null)
      io.stderr.write(
        "note: what changed of recipients, scopes and templates is not known: earlier versions are not here\n",
      );
    if (options.verbose) tell(answer, io);
    judge(answer);
  },
};

function inOrder(findings: readonly Finding[]): Finding[] {
  return findings.toSorted((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1));
}

function tell({ files, allowed }: Answer, io: Io): void {
  io.stderr.write(`looked at ${files} ${files === 1 ? "file" : "files"}
`);
  for (const { path, line, what, reason } of allowed)
    io.stderr.write(`${shownText(`${path}:${line}: allowed (${reason}): ${what}`)}\n`);
}

/** @throws InputError when anything was found: exit code 1. */
function judge({ findings, ownAllowances }: Answer): void {
  if (findings.length === 0) return;
  const files = new Set(findings.map(({ path }) => path)).size;
  const hint =
    ownAllowances > 0
      ? `${ownAllowances} would be allowed by a comment of the file itself; here only comments count that --base REF has (docs/guard.md)`
      : "mend each as its report says; where it is no secret, write # signet-guard: allow REASON above it (docs/guard.md)";
  throw new InputError(
    `${findings.length} ${findings.length === 1 ? "finding" : "findings"} in ${files} ${files === 1 ? "file" : "files"}`,
    hint,
  );
}
