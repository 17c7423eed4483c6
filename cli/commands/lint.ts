import { InputError, type SealError, UsageError } from "../../shared/errors.ts";
import type { Command } from "../command.ts";
import { counted } from "../counted.ts";
import { placeInRepository } from "../findings/place-in-repository.ts";
import { page } from "../help/pages/lint.ts";
import type { Io } from "../io.ts";
import { type KnownFile, knownKeys } from "../lint/known-keys.ts";
import { type LintResult, lintFiles } from "../lint/lint-files.ts";
import { lintOptions } from "../lint/lint-options.ts";
import type { LintFinding } from "../lint/problem.ts";
import { FORMATS, type ReportFormat, reportText } from "../lint/reports.ts";
import { writeProduct } from "../output-file.ts";
import { nearestFile, PROJECT_FILE } from "../project/project-folders.ts";
import { oneLine } from "../shown-text.ts";
import { userIdentities } from "../sops/identities.ts";

/** `signet lint`: judges sealed files without a cluster, for pipelines. */
export const lint: Command<typeof lintOptions> = {
  name: "lint",
  summary: "judge sealed files offline, for pipelines",
  options: lintOptions,
  page,
  async run({ options, positionals, io }) {
    const format = formatOf(options.format);
    const { cert } = options;
    const { files, faults } =
      cert.length > 0
        ? { files: cert.map((path) => ({ path, cluster: null })), faults: [] }
        : await pinnedHere(io);
    let identities: ReturnType<typeof userIdentities> | null = null;
    const result = await lintFiles(
      positionals,
      {
        // Values for a key that could not be read are not to be called foreign.
        known: faults.length > 0 ? null : knownKeys(files, io),
        allowNondeterministic: options["allow-nondeterministic-templates"],
        sops: {
          identities: () => {
            identities ??= userIdentities(io);
            return identities;
          },
          clusterId: options["cluster-id"],
        },
      },
      io,
    );
    const fails = ({ level }: LintFinding) =>
      level === "error" || (level === "warning" && options["fail-on-warnings"]);
    const text = reportText(format, result, fails, placeInRepository(io));
    writeProduct(text, { format: null, "sealed-secret-file": null }, io);
    tell(result, options.verbose, io);
    for (const { message } of faults) io.stderr.write(`${oneLine(`warning: ${message}`)}\n`);
    judge(result, fails);
    requireAllPins(faults);
  },
};

/** What reads a project file is loaded for one only. */
async function pinnedHere(io: Io): Promise<{ files: KnownFile[]; faults: SealError[] }> {
  if (nearestFile(PROJECT_FILE, io) === null) return { files: [], faults: [] };
  const { pinnedCertificateFiles } = await import("../project/pinned-files.ts");
  return pinnedCertificateFiles(io);
}

/** @throws InputError where certificates of the project could not be read. */
function requireAllPins([first, ...more]: readonly SealError[]): void {
  if (first === undefined) return;
  throw new InputError(
    `${counted(more.length + 1, "certificate")} of the project cannot be used: for which keys values are was not judged`,
    first.hint,
  );
}

function formatOf(given: string | null): ReportFormat {
  const format = FORMATS.find((known) => known === (given ?? "table").toLowerCase());
  if (format === undefined)
    throw new UsageError(`unsupported report format: ${given}`, "write -o table, json, junit or sarif");
  return format;
}

function tell({ files, objects, allowed }: LintResult, isVerbose: boolean, io: Io): void {
  if (objects.length === 0) io.stderr.write("note: no SealedSecret in what was given\n");
  if (!isVerbose) return;
  io.stderr.write(`looked at ${counted(objects.length, "SealedSecret")} in ${counted(files, "file")}\n`);
  for (const { path, line, what, reason } of allowed)
    io.stderr.write(`${oneLine(`${path}:${line}: allowed (${reason}): ${what}`)}\n`);
}

/** @throws InputError where something is reason to fail: exit code 1. */
function judge({ findings }: LintResult, fails: (finding: LintFinding) => boolean): void {
  const failing = findings.filter(fails);
  if (failing.length === 0) return;
  const errors = failing.filter(({ level }) => level === "error").length;
  const parts = [
    ...(errors > 0 ? [counted(errors, "error")] : []),
    ...(failing.length > errors ? [counted(failing.length - errors, "warning")] : []),
  ];
  const files = new Set(failing.map(({ path }) => path)).size;
  throw new InputError(
    `${parts.join(" and ")} in ${counted(files, "file")}`,
    "mend each as its report says; where it is meant, write # signet-lint: allow REASON above it (docs/ci.md)",
  );
}
