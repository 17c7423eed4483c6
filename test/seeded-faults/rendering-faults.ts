import type { Fault } from "./fault.ts";

const ITEMS = "controller/reconcile/render-items.ts";
const ITEMS_TEST = "test/controller/reconcile/render-items.test.ts";
const BACKOFF = "controller/reconcile/template-backoff.ts";
const BACKOFF_TEST = "test/controller/reconcile/template-backoff.test.ts";

/** Faults in how the controller runs templates. */
export const renderingFaults: readonly Fault[] = [
  {
    what: "templates run though they are turned off",
    file: ITEMS,
    find: "hasTemplates(sealedSecret) && !policy.enabled",
    replace: "hasTemplates(sealedSecret) && policy === null",
    test: ITEMS_TEST,
  },
  {
    what: "an item name no Secret may have gets through from a template",
    file: ITEMS,
    find: "if (problem !== null) return",
    replace: "if (problem === undefined) return",
    test: ITEMS_TEST,
  },
  {
    what: "random functions are always allowed",
    file: ITEMS,
    find: "    allowNondeterministic,\n",
    replace: "    allowNondeterministic: allowNondeterministic || true,\n",
    test: ITEMS_TEST,
  },
  {
    what: "failing templates are not remembered",
    file: ITEMS,
    find: "    noteFailure(sealedSecret, policy);\n",
    replace: "",
    test: ITEMS_TEST,
  },
  {
    what: "an old failure counts for ever",
    file: BACKOFF,
    find: "    this.#forgetOld();\n    const before",
    replace: "    const before",
    test: BACKOFF_TEST,
  },
  {
    what: "templates run in the old whole-object form",
    file: ITEMS,
    find: "if (spec.data !== undefined) return false;",
    replace: "",
    test: ITEMS_TEST,
  },
  {
    what: "where each version fails is told, letter by letter",
    file: ITEMS,
    find: "const where = isFirst\n",
    replace: "const where = isFirst || running !== undefined\n",
    test: ITEMS_TEST,
  },
  {
    what: "failures that depend on values count as those of reading",
    file: "shared/template/apply-templates.ts",
    find: "if (rendered.whileRunning) whileRunning.add(rendered.error);",
    replace: "",
    test: ITEMS_TEST,
  },
  {
    what: "trying the same version again makes its mended successor wait",
    file: BACKOFF,
    find: "if (before?.version === version) return;",
    replace: "",
    test: BACKOFF_TEST,
  },
  {
    what: "the pause has no upper bound",
    file: BACKOFF,
    find: "Math.min(CAP_MS, BASE_MS * 2 ** (trouble.failures - FREE_FAILURES))",
    replace: "BASE_MS * 2 ** (trouble.failures - FREE_FAILURES)",
    test: BACKOFF_TEST,
  },
  {
    what: "names of failed objects are kept without bound",
    file: BACKOFF,
    find: "if (troubles.size > MOST_NAMES) this.#forgetOldest(troubles);",
    replace: "",
    test: BACKOFF_TEST,
  },
  {
    what: "a flood of names makes another version the first that fails",
    file: BACKOFF,
    find: "if (this.#crowdedAt.has(namespaceOf(key))) return false;",
    replace: "",
    test: BACKOFF_TEST,
  },
];
