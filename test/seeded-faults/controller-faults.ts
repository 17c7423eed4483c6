import type { Fault } from "./fault.ts";

/** Faults in the options, metrics and events of the controller. */
export const controllerFaults: readonly Fault[] = [
  {
    what: "a deleted object stays in the metrics",
    file: "controller/metrics/object-metrics.ts",
    find: "    observed.delete(key);\n",
    replace: "",
    test: "test/controller/metrics.test.ts",
  },
  {
    what: "errors name the namespace although asked not to",
    file: "controller/metrics/reconcile-metrics.ts",
    find: "omitNames ? { reason } : { reason, namespace };",
    replace: "({ reason, namespace });",
    test: "test/controller/metrics.test.ts",
  },
  {
    what: "False and Unknown are one",
    file: "controller/metrics/object-metrics.ts",
    find: 'value === "True" ? 1 : value === "False" ? -1 : 0',
    replace: 'value === "True" ? 1 : -1',
    test: "test/controller/metrics.test.ts",
  },
  {
    what: "a bad value becomes the default",
    file: "controller/option-reader.ts",
    find: "if (result === null) throw",
    replace: "if (result === undefined) throw",
    test: "test/controller/options.test.ts",
  },
  {
    what: "the environment wins over the command line",
    file: "controller/option-reader.ts",
    find: "for (let argument = rest.shift(); argument",
    replace: "for (let argument = Object.keys(environment).length > 0 ? undefined : rest.shift(); argument",
    test: "test/controller/options.test.ts",
  },
  {
    what: "an entry without = is dropped",
    file: "controller/option-reader.ts",
    find: "found.every(([name, text]) => fits(name, text))",
    replace: 'found.filter(([name]) => name !== "").every(([name, text]) => fits(name, text))',
    test: "test/controller/options.test.ts",
  },
  {
    what: "an expired event is not written anew",
    file: "controller/events.ts",
    find: "if (error instanceof KubeApiError && error.status === 404) return false;",
    replace: "",
    test: "test/controller/events.test.ts",
  },
  {
    what: "the queue of events has no bound",
    file: "controller/events/event-queue.ts",
    find: "    if (isFull && !this.#makeRoom((its?.length ?? 0) + 1)) return false;\n",
    replace: "",
    test: "test/controller/events/recorder-bounds.test.ts",
  },
  {
    what: "events of different messages count each other up",
    file: "controller/events.ts",
    find: "[namespace, name, uid, type, reason, message]",
    replace: "[namespace, name, uid, type, reason]",
    test: "test/controller/events.test.ts",
  },
  {
    what: "whoever shows a token counts as authenticated",
    file: "controller/http/metrics-access.ts",
    find: "status.authenticated === true",
    replace: "status.user !== undefined",
    test: "test/controller/http/metrics-access.test.ts",
  },
  {
    what: "a permission to read the metrics is remembered for ever",
    file: "controller/http/metrics-access.ts",
    find: "known.until > now()",
    replace: "known.until > 0",
    test: "test/controller/http/metrics-access.test.ts",
  },
  {
    what: "a Secret of a guarded type that is no longer allowed is changed all the same",
    file: "controller/reconcile/gates.ts",
    find: "owned && (!GUARDED_TYPES.includes(type) || allowedTypes.includes(type))",
    replace: "owned",
    test: "test/controller/reconcile/gates.test.ts",
  },
];
