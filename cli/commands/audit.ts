import { UsageError } from "../../shared/errors.ts";
import { AuditMeans } from "../audit/audit-means.ts";
import { type AuditOptions, auditOptions } from "../audit/audit-options.ts";
import type { AuditFormat } from "../audit/audit-result.ts";
import { notWhole, toldAt, unreadLine } from "../audit/unread.ts";
import type { Command } from "../command.ts";
import { page } from "../help/pages/audit.ts";
import { say } from "../keys/connected-secrets.ts";
import { writeProduct } from "../output-file.ts";

/** `signet audit`: which key every sealed value needs, and what stands against it. */
export const audit: Command<typeof auditOptions> = {
  name: "audit",
  summary: "tell which key every value needs, in files, Git and the cluster",
  options: auditOptions,
  page,
  async run({ options, positionals, io }) {
    const format = formatOf(options);
    requireFitting(options);
    const means = new AuditMeans(options, io);
    const goOn = await io.whenInterrupted?.(() =>
      say(io, "interrupted: the audit is not whole, and reports nothing; it changes nothing"),
    );
    try {
      const run =
        options.compromised === null
          ? (await import("../audit/audit-values.ts")).auditValues
          : (await import("../audit/audit-compromised.ts")).auditCompromised;
      const { report, problems, notes, failure } = await run({
        options,
        paths: positionals,
        means,
        io,
        format,
      });
      writeProduct(report, { format: null, "sealed-secret-file": null }, io);
      for (const problem of problems) say(io, `warning: ${unreadLine(problem)}`);
      for (const { where, problem, next } of notes) say(io, `note: ${toldAt(where, problem)} (${next})`);
      if (failure !== null) throw failure;
      if (problems.length > 0 && !options["skip-unreadable"]) throw notWhole(problems);
    } finally {
      await goOn?.();
      await means.close();
    }
  },
};

function formatOf({ format }: AuditOptions): AuditFormat {
  const asked = (format ?? "table").toLowerCase();
  if (asked === "table" || asked === "json" || asked === "sarif") return asked;
  throw new UsageError(`unsupported report format: ${format}`, "write -o table, json or sarif");
}

/** Flags that mean nothing without another one would be passed over in silence. */
function requireFitting(options: AuditOptions): void {
  const { compromised, namespace, open } = options;
  const opens = open || options["private-key"].length + options["recovery-private-key"].length > 0;
  const refuse = (problem: string, hint: string): never => {
    throw new UsageError(problem, hint);
  };
  if (options["all-namespaces"] && namespace !== null)
    refuse("--all-namespaces and --namespace exclude each other", "give one of them");
  if (compromised === null && options.history)
    refuse("--history goes with --compromised", "name the stolen key: --compromised SHA256:…");
  const left = (["no-history", "no-cluster", "key-is-lost"] as const).find((flag) => options[flag]);
  if (compromised === null && left !== undefined) refuse(`--${left} goes with --compromised`, "leave it out");
  if (!options.history && options["allow-unreadable"].length > 0)
    refuse("--allow-unreadable goes with --history", "mend files where they lie");
  if (options.history && options["no-history"])
    refuse("--history and --no-history exclude each other", "give one of them");
  if (options["in-cluster"] && options["no-cluster"])
    refuse("--in-cluster and --no-cluster exclude each other", "give one of them");
  if (compromised === null && options["accept-removed"])
    refuse("--accept-removed goes with --compromised", "leave it out");
  const compares =
    options.duplicates || options["duplicates-key"] !== null || options["fail-on"].includes("duplicates");
  if (compares && !opens)
    refuse(
      "equal plaintexts are not known of values that are not opened",
      "give --private-key PATH, or --open",
    );
  // What nobody looks at would pass.
  const wants = (rule: string) => options["fail-on"].includes(rule);
  if (wants("unknown-key") && !opens && options.cert.length === 0)
    refuse(
      "--fail-on unknown-key: nothing says which keys the cluster has",
      "give --open, --private-key PATH, or --cert with the keys' certificates",
    );
  if (wants("does-not-open") && !opens)
    refuse("--fail-on does-not-open: no value is opened", "give --private-key PATH, or --open");
  if (wants("retired-key") && !options.open)
    refuse("--fail-on retired-key: the key Secrets say which keys were taken out", "give --open");
  const policies = ["max-key-age", "duplicates-key"] as const;
  const policy = policies.find((flag) => options[flag] !== null);
  const hasPolicy = policy !== undefined || options.duplicates || options["fail-on"].length > 0;
  if (compromised !== null && hasPolicy)
    refuse(
      "--compromised tells of one stolen key, and goes with no policy of other audits",
      "leave --max-key-age, --fail-on, --duplicates and --duplicates-key out",
    );
}
