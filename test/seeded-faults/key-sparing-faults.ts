import type { Fault } from "./fault.ts";

const transitBinding = "shared/seal/transit-binding.ts";
const vaultUnsealerTest = "test/shared/seal/vault-unsealer.test.ts";
const transit = "shared/vault/transit.ts";
const transitTest = "test/shared/vault/transit.test.ts";
const closedGates = "shared/seal/closed-gates.ts";
const keyGate = "shared/seal/key-gate.ts";
const keyGateTest = "test/shared/seal/key-gate.test.ts";
const watch = "controller/key-services/gate-watch.ts";
const watchTest = "test/controller/key-services/gate-watch.test.ts";
const budgets = "controller/key-services/call-budgets.ts";
const budgetsTest = "test/controller/key-services/call-budgets.test.ts";
const objects = "controller/key-services/object-key-services.ts";
const objectsTest = "test/controller/key-services/object-key-services.test.ts";
const kmsRefusals = "shared/seal/kms-refusals.ts";
const kmsRefusalsTest = "test/shared/seal/kms-refusals.test.ts";
const vaultRefusals = "shared/seal/vault-refusals.ts";
const vaultRefusalsTest = "test/shared/seal/vault-refusals.test.ts";

/** Faults in how key services are spared calls that one tenant could have made at the cost of others. */
export const keySparingFaults: readonly Fault[] = [
  {
    what: "whoever has Vault refuse a request has a key that others share proven anew",
    file: transitBinding,
    find: 'error.fault === "unusable") proofs.forget(name);',
    replace: 'error.fault !== "denied") proofs.forget(name);',
    test: vaultUnsealerTest,
  },
  {
    what: "Vault is sent more values at a time than it takes",
    file: transit,
    find: "items.length > MOST_VALUES || ",
    replace: "",
    test: transitTest,
  },
  {
    what: "keys that are missing have the gate of one in an outage forgotten",
    file: closedGates,
    find: "const spared = refusals.length > 0 ? refusals : all;",
    replace: "const spared = all;",
    test: keyGateTest,
  },
  {
    what: "whoever closes many gates has those of others forgotten",
    file: closedGates,
    find: "counts.get(by) === most",
    replace: "(counts.get(by) ?? 0) <= most",
    test: keyGateTest,
  },
  {
    what: "whose call closed a gate may have it forgotten, though others share the key",
    file: keyGate,
    find: "if (gate.by !== by) gate.by = null;",
    replace: "",
    test: keyGateTest,
  },
  {
    what: "what a namespace may not ask closes the gate for all",
    file: keyGate,
    find: "        admit?.();\n        return await (gate === null ? this.#attempt(gated, null, call)",
    replace:
      "        return await (gate === null ? this.#attempt(gated, null, async () => (admit?.(), call()))",
    test: keyGateTest,
  },
  {
    what: "calls are made in nobody's name",
    file: objects,
    find: "return { by: namespace,",
    replace: 'return { by: "",',
    test: objectsTest,
  },
  {
    what: "a key that one tenant misspells counts as an outage",
    file: watch,
    find: 'if (fails && kindOf(fault) === "passing")',
    replace: "if (fails)",
    test: watchTest,
  },
  {
    what: "a gate that was forgotten is told as mended",
    file: watch,
    find: 'change.state === "open" && before.toldAtMs',
    replace: "before.toldAtMs",
    test: watchTest,
  },
  {
    what: "keys that are missing fill the log",
    file: watch,
    find: "return lines < MOST_LINES[kind];",
    replace: "return lines < MOST_KEYS;",
    test: watchTest,
  },
  {
    what: "a flood of missing keys hides an outage from the metric",
    file: watch,
    find: "const forgotten = refused?.[0] ?? oldest;",
    replace: "const forgotten = oldest ?? refused?.[0];",
    test: watchTest,
  },
  {
    what: "namespaces share one budget of calls",
    file: budgets,
    find: "const known = this.#budgets.get(namespace) ??",
    replace: 'const known = this.#budgets.get("team") ??',
    test: budgetsTest,
  },
  {
    what: "objects that are put off come back all at once",
    file: budgets,
    find: "budget.takenUntilMs = atMs + 1000 / PER_SECOND;",
    replace: "",
    test: budgetsTest,
  },
  {
    what: "a look is broken off midway for want of calls",
    file: budgets,
    find: "isAdmitted = true;",
    replace: "",
    test: budgetsTest,
  },
  {
    what: "a value that KMS refused costs a call at each retry",
    file: "shared/seal/kms-unsealer.ts",
    find: "refusals?.recall(groups) ?? null;",
    replace: "refusals?.recall([]) ?? null;",
    test: kmsRefusalsTest,
  },
  {
    what: "a data key that KMS refused is asked for again with each edit of a value",
    file: kmsRefusals,
    find: "ids: [dataKey, this.#valueId(item, value)],",
    replace: "ids: [this.#valueId(item, value)],",
    test: kmsRefusalsTest,
  },
  {
    what: "a value that was refused at a wrong place is refused at its own",
    file: kmsRefusals,
    find: "toBase64(sealed), place];",
    replace: "toBase64(sealed), place.slice(0, 0)];",
    test: kmsRefusalsTest,
  },
  {
    what: "an alias that was mended is noticed after an hour",
    file: kmsRefusals,
    find: "isKmsAliasArn(wrapped.key) ? ALIAS_REFUSED_FOR_MS :",
    replace: "ALIAS_REFUSED_FOR_MS > 0 ? REFUSED_FOR_MS :",
    test: kmsRefusalsTest,
  },
  {
    what: "what did open is told as never tried once the failure is remembered",
    file: "shared/seal/refusal-memory.ts",
    find: 'kind: "not-tried", isKnownToOpen: true',
    replace: 'kind: "not-tried"',
    test: kmsRefusalsTest,
  },
  {
    what: "what Vault refused once is refused though its key has changed",
    file: vaultRefusals,
    find: "...state, ciphertext",
    replace: "ciphertext",
    test: vaultRefusalsTest,
  },
  {
    what: "a value that is too old stays so after Vault was told to take it",
    file: vaultRefusals,
    find: 'error instanceof RemoteValueError && error.problem === "not-authentic"',
    replace: "error instanceof RemoteValueError",
    test: vaultRefusalsTest,
  },
  {
    what: "what Vault refused once is never asked for again, though an hour is over",
    file: "shared/seal/vault-unsealer.ts",
    find: "refusals?.remember(asked, keyOf, outcomes);",
    replace: "refusals?.remember(groups, keyOf, outcomes);",
    test: vaultRefusalsTest,
  },
  {
    what: "refusals are remembered for ever",
    file: "controller/key-services/refused-values.ts",
    find: "entry === undefined || entry.untilMs <= this.#now()",
    replace: "entry === undefined || this.#now() < 0",
    test: "test/controller/key-services/refused-values.test.ts",
  },
  {
    what: "the controller remembers no refusal",
    file: objects,
    find: "{ allowed, memory: this.#refused }",
    replace: "{ allowed }",
    test: objectsTest,
  },
  {
    what: "values that Vault refused count as opened",
    file: "controller/key-services/metered.ts",
    find: 'if (refusals.length === 0) return "ok";',
    replace: 'if (refusals.length < answers.length) return "ok";',
    test: "test/controller/key-services/metered.test.ts",
  },
  {
    what: "the proof of a Vault key counts as a value that was refused",
    file: "controller/key-services/metered.ts",
    find: "answers.filter((_, at) => values[at]?.isProbe !== true)",
    replace: "answers.filter((_, at) => values[at] !== undefined)",
    test: "test/controller/key-services/metered.test.ts",
  },
  {
    what: "what proves a Vault key is not told from values",
    file: transitBinding,
    find: ", isProbe: true",
    replace: "",
    test: vaultUnsealerTest,
  },
  {
    what: "no alert can tell that Vault is away where values are only read from it",
    file: "controller/vault-kv/open-vault-kv.ts",
    find: "metrics.watchVaultKv(() => outage.isAway);",
    replace: "",
    test: "test/controller/vault-kv/references.test.ts",
    named: "wait for a Vault that is away: Synced stays, few requests, no private-key work; then all is well",
  },
  {
    what: "each failure of Vault is a line of the log",
    file: "controller/vault-kv/outage-gate.ts",
    find: "if (this.#closed === null) this.#parts.onChange?.(error);",
    replace: "this.#parts.onChange?.(error);",
    test: "test/controller/vault-kv/outage-gate.test.ts",
  },
  {
    what: "Vault counts as away for ever where nobody asks any more",
    file: "controller/vault-kv/outage-gate.ts",
    find: "return this.#closed !== null && this.#parts.nowMs() < this.#closed.untilMs + GRACE_MS;",
    replace: "return this.#closed !== null;",
    test: "test/controller/vault-kv/outage-gate.test.ts",
  },
  {
    what: "an author names a namespace that no cluster can have",
    file: "shared/sealed-secret.ts",
    find: "namespace: namespaceName.optional(),",
    replace: "namespace: z.string().optional(),",
    test: "test/shared/sealed-secret.test.ts",
  },
  {
    what: "a developer is not told that {namespace} in his list is the word of a file",
    file: "cli/commands/allow.ts",
    find: 'if (key.pattern.includes("{namespace}"))',
    replace: 'if (key.pattern === "{namespace}")',
    test: "test/cli/key-services/allow.test.ts",
  },
];
