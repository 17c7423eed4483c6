import type { Fault } from "./fault.ts";

const record = "controller/reconcile/sync-record.ts";
const recordTest = "test/controller/reconcile/sync-record.test.ts";
const watched = "controller/reconcile/watched-object.ts";
const watchedTest = "test/controller/reconcile/watched-object.test.ts";
const sources = "controller/work-sources.ts";
const sourcesTest = "test/controller/work-sources.test.ts";

/** Faults in knowing an object in sync again, and in keeping little of it in memory. */
export const recordFaults: readonly Fault[] = [
  {
    what: "a rule that changed has nothing opened again",
    file: record,
    find: "canonicalJson([RULES_VERSION, rules])",
    replace: "canonicalJson([RULES_VERSION])",
    test: recordTest,
  },
  {
    what: "a record does not say which version of the Secret it is about",
    file: record,
    find: '"in-sync", inputs, whose, uid, controller, resourceVersion',
    replace: '"in-sync", inputs, whose, uid, controller',
    test: recordTest,
  },
  {
    what: "a record does not say whose the Secret is by its owner reference",
    file: record,
    find: '"in-sync", inputs, whose, uid, controller, resourceVersion',
    replace: '"in-sync", inputs, whose, uid, resourceVersion',
    test: recordTest,
  },
  {
    what: "what was left counts for everybody, edited or not",
    file: record,
    find: "(keepsEdits && same(said.left, left))",
    replace: "same(said.left, left)",
    test: recordTest,
  },
  {
    what: "the beginning of a record is enough",
    file: record,
    find: "return a.length === b.length && timingSafeEqual(a, b);",
    replace: "return timingSafeEqual(a.subarray(0, 8), b.subarray(0, 8));",
    test: recordTest,
  },
  {
    what: "a record of another controller counts",
    file: record,
    find: 'createHmac("sha256", this.#key)',
    replace: 'createHmac("sha256", "key")',
    test: recordTest,
  },
  {
    what: "the scope is no input: a value stays open under a scope that was taken away",
    file: watched,
    find: "if (annotation === CLUSTER_WIDE_ANNOTATION || annotation === NAMESPACE_WIDE_ANNOTATION) return true;",
    replace: "",
    test: watchedTest,
  },
  {
    what: "a policy annotation is no input",
    file: watched,
    find: 'return annotation.startsWith("signet.dev/") && annotation !== SEALING_KEY_ANNOTATION;',
    replace: "return false;",
    test: watchedTest,
  },
  {
    what: "the order in which fields come is an input",
    file: "controller/reconcile/canonical-json.ts",
    find: ".sort(([a], [b]) => (a < b ? 1 : a > b ? -1 : 0))",
    replace: "",
    test: "test/controller/reconcile/canonical-json.test.ts",
  },
  {
    what: "an object that is stalled says it is in sync",
    file: watched,
    find: ' &&\n    !says("Stalled")',
    replace: "",
    test: watchedTest,
  },
  {
    what: "our own status gives work",
    file: watched,
    find: "    before.uid !== after.uid ||\n",
    replace: "    before.resourceVersion !== after.resourceVersion ||\n",
    test: watchedTest,
  },
  {
    what: "what says it is in sync is opened before its Secret is known",
    file: sources,
    find: "secrets === null || secrets.hasSynced) look(key, priority);",
    replace: "secrets === null || !secrets.hasSynced) look(key, priority);",
    test: sourcesTest,
  },
  {
    what: "what waits for its Secret waits for ever",
    file: sources,
    find: '    for (const key of unjudged) look(key, "resync");\n',
    replace: "",
    test: sourcesTest,
  },
  {
    what: "work goes on coming after the term has ended",
    file: sources,
    find: "    for (const end of ends) end?.();\n",
    replace: "",
    test: sourcesTest,
  },
  {
    what: "an older version of an object is worked on",
    file: "controller/sealed-secret-bodies.ts",
    find: "body?.object.metadata.resourceVersion === resourceVersion",
    replace: "body !== undefined",
    test: "test/controller/sealed-secret-bodies.test.ts",
  },
  {
    what: "all values of a cluster are kept in memory",
    file: "controller/sealed-secret-bodies.ts",
    find: "    if (this.#characters + characters > this.#most) return;\n",
    replace: "",
    test: "test/controller/sealed-secret-bodies.test.ts",
  },
  {
    what: "an object that failed keeps the record of an earlier success",
    file: "controller/reconcile/conditions.ts",
    find: "const { signet: _earlier, vault: noted, ...rest }",
    replace: "const { vault: noted, ...rest }",
    test: "test/controller/reconcile/conditions.test.ts",
  },
  {
    what: "an object in sync is written again and again for its record",
    file: "controller/reconcile/conditions.ts",
    find: "canonicalJson(sealedSecret.status.signet ?? null) === canonicalJson(notes) &&",
    replace: "notes === null &&",
    test: "test/controller/reconcile/conditions.test.ts",
  },
];
