import type { Fault } from "./fault.ts";

const served = "controller/sops/served-namespaces.ts";
const servedTest = "test/controller/sops/served-namespaces.test.ts";
const judge = "controller/sops/judge-identities.ts";
const judgeTest = "test/controller/sops/judge-identities.test.ts";
const ring = "controller/sops/identity-ring.ts";
const ringTest = "test/controller/sops/identity-ring.test.ts";
const watch = "controller/sops/identity-watch.ts";
const keeper = "controller/sops/age-identity-keeper.ts";
const keeperTest = "test/controller/sops/age-identity-keeper.test.ts";
const objects = "controller/sops/object-sops.ts";
const objectsTest = "test/controller/sops/object-sops.test.ts";
const bounded = "controller/sops/bounded-unwrapper.ts";
const boundedTest = "test/controller/sops/bounded-unwrapper.test.ts";
const remembered = "controller/key-services/remembered.ts";
const rememberedTest = "test/controller/key-services/remembered.test.ts";
const failure = "controller/reconcile/sops-failure.ts";
const failureTest = "test/controller/reconcile/sops-failure.test.ts";
const recordedTest = "test/controller/reconcile/recorded-inputs.test.ts";

/** Faults in how the controller opens SealedSecrets that are SOPS documents. */
export const controllerSopsFaults: readonly Fault[] = [
  {
    what: "age identities that name no namespace serve all of them",
    file: served,
    find: '[AGE_NAMESPACES_ANNOTATION] ?? "";',
    replace: '[AGE_NAMESPACES_ANNOTATION] || "*";',
    test: servedTest,
  },
  {
    what: "age identities serve a namespace whose name begins another one's",
    file: served,
    find: "served.has(namespace))",
    replace: "[...served].some((one) => one.startsWith(namespace)))",
    test: servedTest,
  },
  {
    what: "of a Secret with age identities the good half counts",
    file: judge,
    find: "    if (problem !== undefined) return { ok: false, problem:",
    replace: "    if (problem !== undefined && files.length > 99) return { ok: false, problem:",
    test: judgeTest,
  },
  {
    what: "annotations that hold age identities once more stay in memory",
    file: "controller/sops/identity-secret.ts",
    find: "metadata: { namespace, name, uid, resourceVersion, annotations: marks },",
    replace: "metadata: { namespace, name, uid, resourceVersion, annotations },",
    test: judgeTest,
  },
  {
    what: "what a Secret with age identities held stays in memory when it was judged",
    file: "controller/sops/identity-secret.ts",
    find: "    for (const value of this.#items.values()) value.fill(0);\n",
    replace: "",
    test: judgeTest,
  },
  {
    what: "age identities open for namespaces that they do not serve",
    file: ring,
    find: ".filter(([, { served }]) => serves(served, namespace))",
    replace: '.filter(([, { served }]) => namespace !== "" && serves(served, "team"))',
    test: ringTest,
  },
  {
    what: "the earlier version of a Secret whose age identities are refused goes on opening",
    file: ring,
    find: "    this.remove(name);\n    if (held === null)",
    replace: "    this.#refused.delete(name);\n    if (held === null)",
    test: ringTest,
  },
  {
    what: "age identities count from any namespace",
    file: watch,
    find: 'path: corePath("secrets", namespace),',
    replace: 'path: corePath("secrets", undefined),',
    test: keeperTest,
  },
  {
    what: "age identities that are labelled as retired go on opening",
    file: watch,
    find: `\${AGE_IDENTITIES_LABEL}=\${AGE_IDENTITIES_IN_USE}`,
    replace: `\${AGE_IDENTITIES_LABEL},\${AGE_IDENTITIES_LABEL}!=\${AGE_IDENTITIES_IN_USE}x`,
    test: keeperTest,
  },
  {
    what: "an age identity that comes is not told to those who failed for want of it",
    file: keeper,
    find: "    onAdded();\n",
    replace: "",
    test: keeperTest,
  },
  {
    what: "a Secret whose age identities are refused is told of each time it is written",
    file: keeper,
    find: "if (!verdict.ok && verdict.problem !== told) {",
    replace: "if (!verdict.ok) {",
    test: keeperTest,
  },
  {
    what: "a SOPS document chooses the role and profile that AWS KMS is asked as",
    file: objects,
    find: 'return kind === "context" && (',
    replace: 'return kind !== "context" || (',
    test: objectsTest,
  },
  {
    what: "a SOPS document may have any pair in its encryption context",
    file: objects,
    find: "(text.startsWith(PLACE_PAIR) || contexts.includes(text))",
    replace: '(text.startsWith(PLACE_PAIR) || contexts.includes(text) || text !== "")',
    test: objectsTest,
  },
  {
    what: "an age identity that was not listed yet is told as missing for good",
    file: objects,
    find: " || known.hasListed) return unwrapped;",
    replace: " || !known.hasListed) return unwrapped;",
    test: objectsTest,
  },
  {
    what: "keys of SOPS documents are permitted for any namespace",
    file: "controller/key-services/object-key-services.ts",
    find: "permits: (backend, key) => this.#allowed[backend].permits(key, namespace),",
    replace: 'permits: (backend, key) => this.#allowed[backend].permits(key, "team"),',
    test: objectsTest,
  },
  {
    what: "a SOPS document has a key service asked for each of its entries, however many",
    file: bounded,
    find: "        left.calls -= 1;\n",
    replace: "",
    test: boundedTest,
  },
  {
    what: "guesses which age identity opens an entry are not bounded",
    file: bounded,
    find: "left.guesses -= all.length;",
    replace: "left.guesses -= 0;",
    test: boundedTest,
  },
  {
    what: "a data key that AWS KMS refused is asked for at each look",
    file: remembered,
    find: '      if (refused.recall(id) === "not-authentic") return null;\n',
    replace: "",
    test: rememberedTest,
  },
  {
    what: "a data key that is too old for Vault stays refused when Vault takes it again",
    file: remembered,
    find: 'if ("refused" in answer && answer.refused === "not-authentic")',
    replace: 'if ("refused" in answer)',
    test: rememberedTest,
  },
  {
    what: "values that came decrypted are told like any that do not open",
    file: failure,
    find: '? "ValuesExposed" : reason',
    replace: "? reason : reason",
    test: failureTest,
  },
  {
    what: "the mark that keeps Flux off is asked for where it is",
    file: failure,
    find: "|| keepsFluxOff(",
    replace: "|| !keepsFluxOff(",
    test: failureTest,
  },
  {
    what: "another cluster id has no SOPS document judged again",
    file: "controller/reconcile/recorded-inputs.ts",
    find: 'digestOf([inputs, "sops", clusterId])',
    replace: 'digestOf([inputs, "sops"])',
    test: recordedTest,
  },
  {
    what: "the mark that keeps Flux off is not seen when it comes",
    file: "controller/reconcile/watched-object.ts",
    find: "decides(key) || (isSops && key === FLUX_DECRYPT_ANNOTATION)",
    replace: "decides(key)",
    test: recordedTest,
  },
];
