import { createHash } from "node:crypto";
import { version } from "../../shared/version.ts";
import type { Finding, RuleName } from "./finding.ts";
import { RULES } from "./rules.ts";

/** GitHub refuses a run with more results than this, and keeps a fifth of them. */
const MOST_RESULTS = 25_000;

/**
 * Findings as SARIF 2.1.0, as GitHub's code scanning takes it: one result for each, told apart from others of its file by what
 * it is about, so that one that moves stays the same. Without findings it closes what was open before.
 */
export function sarifReport(findings: readonly Finding[]): string {
  const names = Object.keys(RULES).filter((name): name is RuleName => Object.hasOwn(RULES, name));
  const indices = new Map(names.map((name, index) => [name, index]));
  const seen = new Map<string, number>();
  const results = findings.slice(0, MOST_RESULTS).map((finding) => ({
    ruleId: finding.rule,
    ruleIndex: indices.get(finding.rule) ?? 0,
    level: finding.level,
    message: { text: messageOf(finding) },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: encodeURI(finding.uri).replace(/[?#]/g, encodeURIComponent) },
          region: { startLine: finding.line },
        },
      },
    ],
    partialFingerprints: { primaryLocationLineHash: fingerprintOf(finding, seen) },
  }));
  const driver = { name: "signet guard", semanticVersion: version, rules: names.map(ruleOf) };
  const run = {
    tool: { driver },
    automationDetails: { id: "signet-guard/" },
    columnKind: "utf16CodeUnits",
    results,
  };
  const $schema = "https://json.schemastore.org/sarif-2.1.0.json";
  return `${JSON.stringify({ $schema, version: "2.1.0", runs: [run] }, null, 2)}\n`;
}

function messageOf({ what, next, commit }: Finding): string {
  const of = commit === null ? "" : ` (commit ${commit.slice(0, 12)})`;
  return `${capital(what)}${of}. Next: ${next}.`;
}

function ruleOf(name: RuleName) {
  const { title, help, next, severity } = RULES[name];
  return {
    id: name,
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

/** Of what the finding is about, and nothing of the text that was found. */
function fingerprintOf({ rule, uri, object, item }: Finding, seen: Map<string, number>): string {
  const digest = createHash("sha256")
    .update(JSON.stringify([rule, uri, object, item]))
    .digest("hex")
    .slice(0, 16);
  const count = (seen.get(digest) ?? 0) + 1;
  seen.set(digest, count);
  return `${digest}:${count}`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
