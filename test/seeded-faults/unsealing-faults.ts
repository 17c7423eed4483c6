import type { Fault } from "./fault.ts";

const KEYS = "test/cli/opening-keys.test.ts";
const UNSEAL = "test/cli/unseal.test.ts";
const EXPLAIN = "test/cli/explain.test.ts";
const IN_CLUSTER = "test/cli/explain/explain-in-cluster.test.ts";

/** Faults in reading private keys, opening offline and explaining. */
export const unsealingFaults: readonly Fault[] = [
  {
    what: "a key file without a key contributes nothing and says nothing",
    file: "cli/opening-keys.ts",
    find: "if (material.found.length === 0) throw noKeyIn(where, material.without);",
    replace: "",
    test: KEYS,
  },
  {
    what: "of several keys in a file the first alone is read",
    file: "cli/opening/key-material.ts",
    find: "const blocks = [...text.matchAll(PEM_BLOCK)];",
    replace: "const blocks = [...text.matchAll(PEM_BLOCK)].slice(0, 1);",
    test: KEYS,
  },
  {
    what: "an encrypted key passes for a damaged one",
    file: "cli/opening/key-material.ts",
    find: 'if (label === "ENCRYPTED PRIVATE KEY" || /^Proc-Type: 4,ENCRYPTED/m.test(block)) {',
    replace: 'if (label === "ENCRYPTED PRIVATE KEY") {',
    test: KEYS,
  },
  {
    what: "keys of hidden folders are taken",
    file: "cli/opening-keys.ts",
    find: 'if (name.startsWith(".")) continue;',
    replace: "",
    test: KEYS,
  },
  {
    what: "lists without a kind are not taken apart",
    file: "cli/opening/key-material.ts",
    find: 'isMap(value) && !("kind" in value) ? value["items"] : null',
    replace: "null",
    test: KEYS,
  },
  {
    what: "keys and SealedSecrets share standard input",
    file: "cli/opening-keys.ts",
    find: 'if (stdinIsInput && paths.includes("-")) {',
    replace: "if (stdinIsInput && paths.length > 99) {",
    test: KEYS,
  },
  {
    what: "a plain Secret takes the place of the sealed file",
    file: "cli/file-work.ts",
    find: "if (files.realPath(output) === files.realPath(input)) {",
    replace: "if (output === files.realPath(input)) {",
    test: UNSEAL,
  },
  {
    what: "plain values are written for all who could read the file before",
    file: "cli/opening/unseal-task.ts",
    find: 'access: "owner-only",',
    replace: 'access: "as-before",',
    test: UNSEAL,
  },
  {
    what: "a file that others could read stays readable for them",
    file: "cli/system-files.ts",
    find: 'if (existing !== undefined && access === "as-before")',
    replace: "if (existing !== undefined)",
    test: "test/cli/system-files.test.ts",
  },
  {
    what: "items stand in an error in the order of the file",
    file: "cli/opening/unseal-offline.ts",
    find: `    .map(({ item }) => item)
    .sort()`,
    replace: "    .map(({ item }) => item)",
    test: UNSEAL,
  },
  {
    what: "one item is printed only when all others open",
    file: "cli/opening/one-item.ts",
    find: "encryptedData: { [item]: alone }",
    replace: "encryptedData: spec.encryptedData",
    test: UNSEAL,
  },
  {
    what: "--recovery-unseal opens the form that kubeseal refuses",
    file: "cli/commands/recovery-unseal.ts",
    find: "acceptWholeObject: false,",
    replace: "acceptWholeObject: true,",
    test: UNSEAL,
  },
  {
    what: "templates may be random without being asked",
    file: "cli/commands/unseal.ts",
    find: 'allowNondeterministic: options["allow-nondeterministic-templates"],',
    replace: "allowNondeterministic: true,",
    test: UNSEAL,
  },
  {
    what: "a claimed key passes for the key that opened",
    file: "cli/opening/item-finding.ts",
    find: "source: keys.sources.get(claimed) ?? null, claimed: true",
    replace: "source: keys.sources.get(claimed) ?? null, claimed: false",
    test: EXPLAIN,
  },
  {
    what: "the other SealedSecrets given are no candidates",
    file: "cli/explain/by-keys.ts",
    find: "const candidates = [...given, ...beside, ...inCluster];",
    replace: "const candidates = [...given, ...inCluster];",
    test: EXPLAIN,
  },
  {
    what: "a value of another backend passes for one that opens",
    file: "cli/explain/explain-offline.ts",
    find: 'state: "does not open", cause: "backend-not-supported", why, fix };\n    }',
    replace: 'state: "opens", cause: "backend-not-supported", why, fix };\n    }',
    test: EXPLAIN,
  },
  {
    what: "the cluster's word counts for a value it does not have",
    file: "cli/explain/explain-in-cluster.ts",
    find: "if (value !== ours)",
    replace: 'if (value === "")',
    test: IN_CLUSTER,
  },
  {
    what: "the cluster's word counts for an older generation",
    file: "cli/explain/explain-in-cluster.ts",
    find: "if (view.observedGeneration !== view.generation || synced === undefined) {",
    replace: "if (synced === undefined) {",
    test: IN_CLUSTER,
    named: "nothing is said of values the cluster does not have, or has not looked at",
  },
  {
    what: "what is not known ends with exit 0",
    file: "cli/commands/explain.ts",
    find: "if (unknown.length > 0) {",
    replace: "if (unknown.length > 99) {",
    test: IN_CLUSTER,
  },
];
