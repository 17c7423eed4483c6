import type { Fault } from "./fault.ts";

const rules = "test/cli/lint/rules.test.ts";
const command = "test/cli/lint/lint.test.ts";
const status = "test/cli/status/status.test.ts";
const wait = "test/cli/status/wait.test.ts";

/** Faults in judging sealed files, and in telling and awaiting how they stand in a cluster. */
export const lintFaults: readonly Fault[] = [
  {
    what: "a value cut off before its tag passes for a sealed one",
    file: "cli/lint/value-rules.ts",
    find: "if (ciphertext.length < TAG_BYTES)",
    replace: "if (ciphertext.length < 0)",
    test: rules,
  },
  {
    what: "a value for a key of another length passes",
    file: "cli/lint/value-rules.ts",
    find: "!had.includes(bytes * 8))",
    replace: "had.length === 0)",
    test: rules,
  },
  {
    what: "only the first certificate of a file counts",
    file: "cli/lint/known-keys.ts",
    find: "(text.match(BLOCK) ?? [text])",
    replace: "[text]",
    test: rules,
  },
  {
    what: "a certificate is fetched from an address",
    file: "cli/lint/known-keys.ts",
    find: "if (path === null) {",
    replace: 'if (cert === "") {',
    test: command,
  },
  {
    what: "a note that contradicts a value is taken for right",
    file: "cli/lint/hint-rules.ts",
    find: "bytes === key.modulusBytes) continue;",
    replace: "bytes > 0) continue;",
    test: rules,
  },
  {
    what: "a scope annotation with a capital letter passes for one that counts",
    file: "cli/lint/scope-rules.ts",
    find: '!["true", "false", ""].includes(value)',
    replace: '!["true", "false", ""].includes(value.toLowerCase())',
    test: rules,
  },
  {
    what: "a renamed object under namespace-wide scope is refused, though its values open",
    file: "cli/lint/scope-rules.ts",
    find: 'kind === "strict" ? (["name", "namespace"] as const) : (["namespace"] as const)',
    replace: '["name", "namespace"] as const',
    test: rules,
  },
  {
    what: "an item read by a template counts as unused",
    file: "cli/lint/template-rules.ts",
    find: "all || names.has(utf8ToByteString(item))",
    replace: "all && names.has(utf8ToByteString(item))",
    test: rules,
  },
  {
    what: "an item from Vault counts as missing",
    file: "cli/lint/template-rules.ts",
    find: "...(spec.vault ?? []).map(({ key }) => key)",
    replace: "",
    test: rules,
  },
  {
    what: "objects of one name in two folders are an error",
    file: "cli/lint/duplicate-names.ts",
    find: "folderOf(path) === folderOf(object.path)",
    replace: 'folderOf(path) !== ""',
    test: rules,
  },
  {
    what: "the place that a SOPS document names is not looked at",
    file: "cli/lint/sops-rules.ts",
    find: "if (parts.length === 0) return null;",
    replace: "if (parts.length >= 0) return null;",
    test: rules,
  },
  {
    what: "the MAC of a Secret that sops encrypted is not looked at",
    file: "cli/lint/sops-files.ts",
    find: "return found === null ? [] :",
    replace: "return found !== null ? [] :",
    test: rules,
  },
  {
    what: "a comment without a reason allows",
    file: "cli/lint/lint-files.ts",
    find: 'if (allowance === null || allowance === "no-reason") result.findings.push(finding);',
    replace:
      'if (allowance === null) result.findings.push(finding);\n    else if (allowance === "no-reason") continue;',
    test: command,
  },
  {
    what: "comments for guard count for lint",
    file: "cli/guard/allow-comments.ts",
    find: "signet-lint:\\s*allow",
    replace: "signet-(?:lint|guard):\\s*allow",
    test: command,
  },
  {
    what: "a path has a line of its own in JUnit, for log viewers to obey",
    file: "cli/lint/reports.ts",
    find: "[oneLine(finding.path), ",
    replace: "[finding.path, ",
    test: command,
    named: "give no name to a terminal or a log viewer as a command, in any form",
  },
  {
    what: "JSON has letters turned around on a terminal",
    file: "cli/json-text.ts",
    find: "-\\u009f\\p{Bidi_Control}]",
    replace: "-\\u009f]",
    test: "test/cli/json-text.test.ts",
  },
  {
    what: "JUnit holds characters that XML does not have",
    file: "cli/findings/junit.ts",
    find: 'text.replace(NO_XML, "\\ufffd").replace(',
    replace: "text.replace(",
    test: "test/cli/findings/junit.test.ts",
  },
  {
    what: "what an older generation came to counts for this one",
    file: "cli/status/sync-state.ts",
    find: "if (synced === undefined || status?.observedGeneration !== metadata.generation) {",
    replace: "if (synced === undefined) {",
    test: status,
  },
  {
    what: "status exits with 0 though something is not in sync",
    file: "cli/commands/status.ts",
    find: "if (first === undefined) {",
    replace: "if (first !== null) {",
    test: status,
  },
  {
    what: "what no key opens any more is in sync, and no more is said",
    file: "cli/status/sync-state.ts",
    find: 'if (opens?.status === "False")',
    replace: 'if (opens?.status === "Unknown")',
    test: status,
  },
  {
    what: "wait is content with what an older version of a file came to",
    file: "cli/status/wait-targets.ts",
    find: "(isDeepStrictEqual(object.spec, wanted.spec) &&",
    replace: "(object.spec !== null &&",
    test: wait,
  },
  {
    what: "wait ends for an object that may come right by itself",
    file: "cli/status/wait-for-sync.ts",
    find: 'if (state.kind === "failed") {',
    replace: 'if (state.kind === "failed" || state.kind === "retrying") {',
    test: wait,
  },
  {
    what: "wait ends as soon as one of several is in sync",
    file: "cli/status/wait-for-sync.ts",
    find: "targets.every((target) => !open.has(placeOf(target)))",
    replace: "targets.some((target) => !open.has(placeOf(target)))",
    test: wait,
  },
];
