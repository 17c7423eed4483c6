import type { Fault } from "./fault.ts";

const CACHE = "controller/runtime/object-cache.ts";
const INFORMER = "controller/runtime/informer.ts";
const FAIR_ORDER = "controller/runtime/fair-order.ts";
const WORKQUEUE = "controller/runtime/workqueue.ts";
const ROUNDS = "test/controller/runtime/informer-rounds.test.ts";

/** Faults in what follows the cluster and hands out work, whatever the objects are. */
export const runtimeFaults: readonly Fault[] = [
  {
    what: "versions are compared as text",
    file: "controller/runtime/resource-version.ts",
    find: "  if (a.length !== b.length) return a.length - b.length;\n",
    replace: "",
    test: ROUNDS,
  },
  {
    what: "versions are compared as numbers",
    file: "controller/runtime/resource-version.ts",
    find: "return a === b ? 0 : a < b ? -1 : 1;",
    replace: "return Number(a) - Number(b);",
    test: ROUNDS,
  },
  {
    what: "a page overwrites what the watch showed newer",
    file: CACHE,
    find: "(compareVersions(resourceVersion, shown) ?? -1) <= 0",
    replace: "(compareVersions(resourceVersion, shown) ?? -1) < -9",
    test: ROUNDS,
  },
  {
    what: "what the watch deleted is brought back by a page",
    file: CACHE,
    find: 'this.#deleted?.set(key, object.metadata.resourceVersion ?? "");',
    replace: "",
    test: ROUNDS,
  },
  {
    what: "what was deleted is forgotten with the next event",
    file: CACHE,
    find: "    if (key === null || this.#isOlder(key, object)) return;\n    this.#put(",
    replace:
      "    if (key === null || this.#isOlder(key, object)) return;\n    this.#deleted?.clear();\n    this.#put(",
    test: ROUNDS,
  },
  {
    what: "a late event undoes what a page showed newer",
    file: CACHE,
    find: '(compareVersions(metadata.resourceVersion ?? "", shown) ?? 0) < 0',
    replace: "metadata.resourceVersion === undefined",
    test: ROUNDS,
  },
  {
    what: "a complete list drops what only the watch showed",
    file: CACHE,
    find: "const entry = { resourceVersion, uid, round: this.#round };",
    replace:
      "const entry = { resourceVersion, uid, round: this.#deleted === null || initial ? this.#round : 0 };",
    test: ROUNDS,
  },
  {
    what: "an object that another list shows unchanged counts as gone",
    file: CACHE,
    find: "      before.round = this.#round;\n",
    replace: "",
    test: ROUNDS,
  },
  {
    what: "after a restored backup older versions are refused",
    file: CACHE,
    find: "return entry?.round === this.#round ? entry.resourceVersion : undefined;",
    replace: "return entry?.resourceVersion;",
    test: ROUNDS,
  },
  {
    what: "a version given out twice is taken for the same object",
    file: CACHE,
    find: "const isTrusted = before.round >= this.#trustedFromRound;",
    replace: "const isTrusted = true;",
    test: ROUNDS,
  },
  {
    what: "managedFields are kept",
    file: CACHE,
    find: "return { ...object, metadata };",
    replace: "return { ...object, metadata: { ...metadata, managedFields: _managedFields } };",
    test: ROUNDS,
  },
  {
    what: "synced with the first page",
    file: INFORMER,
    find: '    if (first.next === "") this.#endList();\n',
    replace: "    this.#endList();\n",
    test: ROUNDS,
  },
  {
    what: "a watch that broke while the list was read is taken for a clean end",
    file: INFORMER,
    find: "    if (broken !== null) throw broken.error;\n",
    replace: "",
    test: ROUNDS,
  },
  {
    what: "a list that fails leaves its watch running",
    file: INFORMER,
    find: "      givingUp.abort();\n      await watching;\n",
    replace: "",
    test: ROUNDS,
  },
  {
    what: "the watch starts with the last page",
    file: INFORMER,
    find: "this.#watch(first.resourceVersion, both).then(",
    replace:
      "Promise.race([this.#synced.promise, new Promise((end) => both.addEventListener('abort', end))]).then(() => this.#watch(first.resourceVersion, both)).then(",
    test: ROUNDS,
  },
  {
    what: "a page is held until the watch ends",
    file: INFORMER,
    find: "return { resourceVersion, next };",
    replace: "return { resourceVersion, next, ...{ items } };",
    test: ROUNDS,
  },
  {
    what: "new keys starve resync",
    file: FAIR_ORDER,
    find: "const NEW_IN_A_ROW = 7;",
    replace: "const NEW_IN_A_ROW = Number.POSITIVE_INFINITY;",
    test: "test/controller/runtime/fair-order.test.ts",
  },
  {
    what: "a group alone may have all workers",
    file: FAIR_ORDER,
    find: "if (group.inHand >= this.#mostInHand) {",
    replace: "if (group.inHand >= this.#mostInHand && this.#groups.size > 1) {",
    test: "test/controller/runtime/fair-order.test.ts",
  },
  {
    what: "a group keeps its turn until it has nothing left",
    file: FAIR_ORDER,
    find: "if (group.waiting[priority].size > 0) turns.push(name);",
    replace: "if (group.waiting[priority].size > 0) turns.unshift(name);",
    test: "test/controller/runtime/fair-order.test.ts",
  },
  {
    what: "a group at its limit loses its turn for good",
    file: FAIR_ORDER,
    find: "      this.#turns[priority].unshift(name);\n",
    replace: "",
    test: "test/controller/runtime/fair-order.test.ts",
  },
  {
    what: "every key counts all keys",
    file: FAIR_ORDER,
    find: "      group.inHand += 1;\n",
    replace:
      "      group.inHand += 1;\n      for (const one of this.#groups.values()) this.#newInARow += 0 * one.inHand;\n",
    test: "test/controller/runtime/fair-order-steps.test.ts",
  },
  {
    what: "an item taken out of the middle takes those behind it along",
    file: "controller/runtime/fifo.ts",
    find: "else link.before.after = link.after;",
    replace: "else link.before.after = null;",
    test: "test/controller/runtime/fifo.test.ts",
  },
  {
    what: "what is handed back makes no room for others",
    file: WORKQUEUE,
    find: "    this.#order.done(key);\n",
    replace: "",
    test: "test/controller/runtime/workqueue.test.ts",
  },
  {
    what: "a key seems to wait though it is in hand",
    file: WORKQUEUE,
    find: "    this.#readySinceMs.delete(key);\n",
    replace: "",
    test: "test/controller/runtime/workqueue.test.ts",
  },
  {
    what: "a key raised while it waits seems to have come just now",
    file: WORKQUEUE,
    find: "if (!this.#readySinceMs.has(key)) this.#readySinceMs.set(",
    replace: "this.#readySinceMs.set(",
    test: "test/controller/runtime/workqueue.test.ts",
  },
  {
    what: "a wait without jitter starts at its second length",
    file: "controller/runtime/backoff.ts",
    find: "doubledMs(failures - 1, backoff)",
    replace: "doubledMs(failures, backoff)",
    test: "test/controller/runtime/timing.test.ts",
  },
  {
    what: "after a lost connection a server that was restored to an older state is watched in silence",
    file: "controller/runtime/informer.ts",
    find: "this.#isInDoubt ||= error instanceof KubeUnreachableError;",
    replace: "",
    test: "test/controller/runtime/informer-watch.test.ts",
  },
  {
    what: "a bookmark of an older state is taken for a place",
    file: "controller/runtime/informer.ts",
    find: 'if (type === "BOOKMARK" && back < 0)',
    replace: "if (back > 0 && back < 0)",
    test: "test/controller/runtime/informer-watch.test.ts",
  },
  {
    what: "the end waits for longer than a Pod has",
    file: "controller/leading.ts",
    find: "const DRAIN_MS = 8000;",
    replace: "const DRAIN_MS = 28_000;",
    test: "test/controller/time-to-end.test.ts",
  },
];
