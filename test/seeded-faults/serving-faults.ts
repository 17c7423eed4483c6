import type { Fault } from "./fault.ts";

const cache = "controller/sealed-secret-cache.ts";
const cacheTest = "test/controller/sealed-secret-cache.test.ts";

/** Faults in what is served, and in following the keys that serve it. */
export const servingFaults: readonly Fault[] = [
  {
    what: "a listed namespace that was deleted keeps the controller from ever being ready",
    file: cache,
    find: "informer.hasSynced || this.#refusedAfter.has(informer)",
    replace: "informer.hasSynced",
    test: cacheTest,
  },
  {
    what: "a controller that may list nothing says it is ready",
    file: cache,
    find: "this.#informers.some((informer) => informer.hasSynced) &&",
    replace: "",
    test: cacheTest,
  },
  {
    what: "a namespace that fails for a moment counts as refused",
    file: cache,
    find: "if (!(error instanceof KubeApiError) || error.status !== 403) return true;",
    replace: "",
    test: cacheTest,
  },
  {
    what: "a refused namespace is told of at each try",
    file: cache,
    find: "const isNews = this.#refusedAfter.get(informer) !== informer.lists;",
    replace: "const isNews = true;",
    test: cacheTest,
  },
  {
    what: "a lone list that is refused counts as read",
    file: cache,
    find: "if (this.#informers.length === 1) return true;",
    replace: "",
    test: cacheTest,
  },
  {
    what: "labels asked for take the place of the label by which keys are found",
    file: "shared/seal/new-key-secret.node.ts",
    find: "{ ...labels, [KEY_LABEL]: wrapped === null ? ACTIVE : WRAPPED }",
    replace: "{ [KEY_LABEL]: wrapped === null ? ACTIVE : WRAPPED, ...labels }",
    test: "test/controller/keys/key-secret.test.ts",
  },
  {
    what: "a key that comes while another one is judged is forgotten in what is told",
    file: "controller/keys/key-ring.ts",
    find: `    const verdict = await judgeKeySecret(secret, now, (key) => this.#wrapping.keys.look(key));
    // Not earlier: others may have come while this one was judged.
    const before = this.primary?.certificate.fingerprint ?? null;
`,
    replace: `    const before = this.primary?.certificate.fingerprint ?? null;
    const verdict = await judgeKeySecret(secret, now, (key) => this.#wrapping.keys.look(key));
`,
    test: "test/controller/keys/key-ring-at-once.test.ts",
  },
];
