import { UsageError } from "../../shared/errors.ts";
import type { ReportRule } from "../findings/sarif.ts";

/** What may stand against a value. */
export const AUDIT_RULES = {
  "old-key": {
    title: "A value needs a key that is too old",
    help: "The sealing key that opens the value began longer ago than --max-key-age allows, or its begin is not known.",
    next: "seal it anew under the newest key: signet rotate PATH",
    severity: 5,
  },
  claimed: {
    title: "Which key a value needs is not proven",
    help: "The value was not opened, so that its key is only what its object says of itself, if that.",
    next: "give --private-key PATH, or --open",
    severity: 3,
  },
  "unknown-key": {
    title: "A value is not sealed for this cluster",
    help: "No key of the cluster opens the value, or the key that it claims is none of the cluster's.",
    next: "seal it with the cluster's certificate, or restore its key",
    severity: 6,
  },
  "does-not-open": {
    title: "A value does not open where it stands",
    help: "The value was sealed for another place, is damaged, or is of a form that is not known.",
    next: "seal it again for this name and namespace",
    severity: 6,
  },
  "retired-key": {
    title: "A value needs a key that was taken out",
    help: "The key that opens the value is marked as retired or compromised, so that controllers do not use it.",
    next: "seal the value anew under the newest key: signet rotate PATH",
    severity: 7,
  },
  scope: {
    title: "A value opens in more places than its own",
    help: "The scope of the value is namespace-wide or cluster-wide, so that whoever copies it may have it opened under another name.",
    next: "seal it with strict scope where it need not be moved",
    severity: 4,
  },
  duplicates: {
    title: "Several values hold the same plaintext",
    help: "The same credential stands in several places: whoever learns one has all, and all have to be changed together.",
    next: "give each place a credential of its own",
    severity: 4,
  },
  exposed: {
    title: "A value holds what a stolen key opens",
    help: "The plaintext was sealed under a key that is compromised, and was not proven to have been changed since. Sealing it anew does not help.",
    next: "change the credential itself, then seal it",
    severity: 9,
  },
} as const satisfies Record<string, ReportRule>;

/** Name of such a rule. */
export type AuditRule = keyof typeof AUDIT_RULES;

/** What a run fails for. */
export type AuditPolicy = {
  failOn: ReadonlySet<AuditRule>;
  /** Older keys are too old; null for any age. */
  maxKeyAgeMs: number | null;
};

const CHOICES: readonly AuditRule[] = [
  "claimed",
  "unknown-key",
  "does-not-open",
  "retired-key",
  "scope",
  "duplicates",
];

/** Reads `--fail-on` and `--max-key-age`. @throws UsageError naming the flag. */
export function readPolicy(failOn: readonly string[], maxKeyAge: string | null): AuditPolicy {
  const rules = failOn.map((word) => {
    const rule = CHOICES.find((choice) => choice === word);
    if (rule !== undefined) return rule;
    throw new UsageError(
      `--fail-on does not know ${JSON.stringify(word)}`,
      `write one or more of ${CHOICES.join(", ")}`,
    );
  });
  const maxKeyAgeMs = maxKeyAge === null ? null : ageMs(maxKeyAge);
  return { failOn: new Set([...rules, ...(maxKeyAgeMs === null ? [] : ["old-key" as const])]), maxKeyAgeMs };
}

const HOUR_MS = 3_600_000;
const UNITS_MS: Readonly<Record<string, number>> = { h: HOUR_MS, d: 24 * HOUR_MS, w: 168 * HOUR_MS };

function ageMs(text: string): number {
  const [, count = "", unit = ""] = /^(\d{1,6})([hdw])$/.exec(text) ?? [];
  const ms = Number(count) * (UNITS_MS[unit] ?? Number.NaN);
  if (count !== "" && !Number.isNaN(ms)) return ms;
  throw new UsageError(
    `invalid value ${JSON.stringify(text)} for --max-key-age`,
    "write a whole number with its unit: 90d, 12w or 36h",
  );
}
