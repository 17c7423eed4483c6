import { createHash } from "node:crypto";
import { version } from "../../shared/version.ts";
import { jsonText } from "../json-text.ts";

/** GitHub refuses a run with more results than this, and keeps a fifth of them. */
const MOST_RESULTS = 25_000;

/** What a report says of a rule. */
export type ReportRule = {
  title: string;
  /** What it means, in full sentences. */
  help: string;
  /** What to do next, in one sentence without a full stop. */
  next: string;
  /** From 0 to 10, as code scanning ranks; null for notes. */
  severity: number | null;
};

/** One result of a report. */
export type ReportResult = {
  rule: string;
  /** `note`: to be known, and no reason to fail. */
  level: "error" | "warning" | "note";
  /** The whole message, in sentences. Never quotes a value. */
  message: string;
  /** From the root of the repository, with slashes; with a slash at its begin where it lies outside. */
  uri: string;
  /** From 1. */
  line: number;
  /** What it is about, beside rule and file: tells results of one file apart when lines move. Never a value. */
  about: readonly (string | null)[];
};

/** Something told of a run itself. */
export type ReportNotification = {
  /** `error`: what was asked for was not done as a whole. */
  level: "error" | "warning" | "note";
  /** The whole message, in sentences. Never quotes a value. */
  message: string;
};

/**
 * Results as SARIF 2.1.0, as GitHub's code scanning takes it: one for each, told apart from others of its file by what
 * it is about, so that one that moves stays the same. Without results it closes what was open before.
 * @param command the command that found them: `guard`.
 * @param rules all that it looks for, by the names that results have for them.
 * @param told what is to be known of the run itself: what could not be looked at.
 */
export function sarifText(
  command: string,
  rules: Readonly<Record<string, ReportRule>>,
  found: readonly ReportResult[],
  told: readonly ReportNotification[] = [],
): string {
  const names = Object.keys(rules);
  const indices = new Map(names.map((name, index) => [name, index]));
  const seen = new Map<string, number>();
  const results = found.slice(0, MOST_RESULTS).map((result) => ({
    ruleId: result.rule,
    ruleIndex: indices.get(result.rule) ?? 0,
    level: result.level,
    message: { text: result.message },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: escaped(result.uri) },
          region: { startLine: result.line },
        },
      },
    ],
    partialFingerprints: { primaryLocationLineHash: fingerprintOf(result, seen) },
  }));
  const described = Object.entries(rules).map(([name, rule]) => ruleOf(name, rule));
  const driver = { name: `signet ${command}`, semanticVersion: version, rules: described };
  const run = {
    tool: { driver },
    automationDetails: { id: `signet-${command}/` },
    columnKind: "utf16CodeUnits",
    ...(told.length === 0 ? {} : { invocations: [invocationOf(told)] }),
    results,
  };
  const $schema = "https://json.schemastore.org/sarif-2.1.0.json";
  return jsonText({ $schema, version: "2.1.0", runs: [run] });
}

/** RFC 3986: without its escape a colon in the first name would end a scheme. Halves of surrogate pairs are in no UTF-8. */
function escaped(path: string): string {
  const uri = encodeURI(path.toWellFormed()).replace(/[?#:]/g, encodeURIComponent);
  return uri.startsWith("/") ? `file://${uri}` : uri;
}

function invocationOf(told: readonly ReportNotification[]) {
  return {
    executionSuccessful: told.every(({ level }) => level !== "error"),
    toolExecutionNotifications: told.map(({ level, message }) => ({ level, message: { text: message } })),
  };
}

function ruleOf(id: string, { title, help, next, severity }: ReportRule) {
  return {
    id,
    shortDescription: { text: title },
    fullDescription: { text: help },
    help: { text: `${help} Next: ${next}.`, markdown: `${help}\n\n**Next:** ${next}.` },
    defaultConfiguration: { level: severity === null ? "note" : "error" },
    properties: {
      tags: ["security", "kubernetes"],
      ...(severity === null ? {} : { "security-severity": severity.toFixed(1) }),
    },
  };
}

/** Of what the result is about, and nothing of the text that was found. */
function fingerprintOf({ rule, uri, about }: ReportResult, seen: Map<string, number>): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([rule, uri, ...about]))
    .digest("hex")
    .slice(0, 16);
  const count = (seen.get(digest) ?? 0) + 1;
  seen.set(digest, count);
  return `${digest}:${count}`;
}
