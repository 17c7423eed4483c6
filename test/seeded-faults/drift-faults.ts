import type { Fault } from "./fault.ts";

const drift = "controller/reconcile/secret-drift.ts";
const driftTest = "test/controller/reconcile/secret-drift.test.ts";
const sourcesTest = "test/controller/work-sources.test.ts";
const paceTest = "test/controller/reconcile/look-pace.test.ts";

/** Faults in telling what others do to Secrets from what the controller does itself. */
export const driftFaults: readonly Fault[] = [
  {
    what: "another Secret of the same resourceVersion counts as the same",
    file: "controller/reconcile/secret-version.ts",
    find: "a.uid === b.uid && ",
    replace: "",
    test: driftTest,
  },
  {
    what: "a changed Secret counts as the same while its uid stays",
    file: "controller/reconcile/secret-version.ts",
    find: " && a.resourceVersion === b.resourceVersion",
    replace: "",
    test: driftTest,
  },
  {
    what: "our own write has the object looked at",
    file: drift,
    find: "if (keeps || this.#isOurs(key, present)) {",
    replace: "if (keeps) {",
    test: driftTest,
  },
  {
    what: "a change of the SealedSecret is taken for an event of its Secret",
    file: drift,
    find: "if (!demanded && settled !== undefined) {",
    replace: "if (settled !== undefined) {",
    test: driftTest,
  },
  {
    what: "an object that failed counts as in sync with the Secret it had before",
    file: drift,
    find: "    const woken = this.#woken.delete(key);\n    this.#settled.delete(key);\n",
    replace: "    const woken = this.#woken.delete(key);\n",
    test: driftTest,
  },
  {
    what: "a deleted Secret stays away where changes are left alone",
    file: drift,
    find: "present === undefined ? !settled.ours : keepsEdits && ",
    replace: "present === undefined ? !settled.ours || keepsEdits : keepsEdits && ",
    test: driftTest,
  },
  {
    what: "a Secret that was merged into is made anew when its owner deletes it",
    file: drift,
    find: "present === undefined ? !settled.ours :",
    replace: "present === undefined ? false :",
    test: driftTest,
  },
  {
    what: "a Secret out of a backup counts as what we wrote once",
    file: drift,
    find: "      this.#unshown.delete(key);\n      return true;",
    replace: "      return true;",
    test: driftTest,
  },
  {
    what: "an object in the queue is looked at without its pace",
    file: drift,
    find: "      if (waitMs > 0) return waitMs;\n",
    replace: "",
    test: driftTest,
  },
  {
    what: "each repair of a quarrel is told",
    file: drift,
    find: "repairs === FREE_LOOKS + 1 ? ",
    replace: "repairs > FREE_LOOKS ? ",
    test: driftTest,
  },
  {
    what: "an object that is gone is remembered",
    file: drift,
    find: "  forget(key: string): void {\n    this.#settled.delete(key);\n",
    replace: "  forget(key: string): void {\n",
    test: driftTest,
  },
  {
    what: "looks come at a steady pace",
    file: "controller/reconcile/look-pace.ts",
    find: "doubledMs(looks - FREE_LOOKS, PAUSE)",
    replace: "PAUSE.baseMs * (looks - FREE_LOOKS + 1)",
    test: paceTest,
  },
  {
    what: "an object that was quarrelled over once is slow for ever",
    file: "controller/reconcile/look-pace.ts",
    find: "this.#nowMs() - row.lastAtMs <= QUIET_MS",
    replace: "row.looks > 0",
    test: paceTest,
  },
  {
    what: "Secrets are watched with their values",
    file: "controller/secret-cache.ts",
    find: "        metadataOnly: true,\n",
    replace: "",
    test: "test/controller/secret-cache.test.ts",
  },
  {
    what: "the cache keeps Secrets as they come",
    file: "controller/secret-cache.ts",
    find: "parse: secretVersion,",
    replace: "parse: (secret) => ({ ...secret, ...secretVersion(secret) }),",
    test: "test/controller/secret-cache.test.ts",
  },
  {
    what: "a refused watch is told of at each try",
    file: "controller/secret-cache.ts",
    find: "    if (this.#refusedAfter.get(informer) === informer.lists) return;\n",
    replace: "",
    test: "test/controller/secret-cache.test.ts",
  },
  {
    what: "without the right to watch Secrets the controller is never ready",
    file: "controller/secret-cache.ts",
    find: "informer.hasSynced || this.#refusedAfter.has(informer)",
    replace: "informer.hasSynced",
    test: "test/controller/secret-cache.test.ts",
  },
  {
    what: "a changed SealedSecret is looked at only if its Secret changed, too",
    file: "controller/work-sources.ts",
    find: "    unjudged.delete(key);\n    drift.demand(key);\n",
    replace: "    unjudged.delete(key);\n",
    test: sourcesTest,
  },
  {
    what: "at a start all that stands goes before what is new",
    file: "controller/work-sources.ts",
    find: 'onSecret(key, version, initial ? "resync" : "new")',
    replace: 'onSecret(key, version, "new")',
    test: sourcesTest,
  },
  {
    what: "a Secret that changes all the time is looked at each time",
    file: "controller/work-sources.ts",
    find: "queue.addAfter(key, waitMs)",
    replace: "queue.add(key)",
    test: sourcesTest,
  },
  {
    what: "Secrets of nobody fill the queue",
    file: "controller/work-sources.ts",
    find: "if (sealedSecrets.get(key) === undefined || unjudged.has(key)) return;",
    replace: "if (unjudged.has(key)) return;",
    test: sourcesTest,
  },
];
