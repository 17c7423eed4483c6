import type { Fault } from "./fault.ts";

/** Faults in what status and messages say. */
export const tellingFaults: readonly Fault[] = [
  {
    what: "Ready stands before Synced",
    file: "controller/reconcile/conditions.ts",
    find: '["Synced", "Ready", "Reconciling", "Stalled"] as const',
    replace: '["Ready", "Synced", "Reconciling", "Stalled"] as const',
    test: "test/controller/reconcile/conditions.test.ts",
  },
  {
    what: "a passing fault takes Synced away",
    file: "controller/reconcile/conditions.ts",
    find: "const synced: Wanted = stood ?",
    replace: "const synced: Wanted = stood && stalled ?",
    test: "test/controller/reconcile/conditions.test.ts",
  },
  {
    what: "a good word of an older generation stands",
    file: "controller/reconcile/conditions.ts",
    find: 'synced?.status === "True" && status?.observedGeneration === metadata.generation',
    replace: 'synced?.status === "True"',
    test: "test/controller/reconcile/conditions.test.ts",
  },
  {
    what: "a new message at the same generation is not written",
    file: "controller/reconcile/conditions.ts",
    find: '    (a.message ?? "") === (b.message ?? "") &&\n',
    replace: "",
    test: "test/controller/reconcile/conditions.test.ts",
  },
  {
    what: "every update counts as a transition",
    file: "controller/reconcile/conditions.ts",
    find: "const flipped = old?.status !== status ||",
    replace: "const flipped = old?.status === status || old === undefined ||",
    test: "test/controller/reconcile/conditions.test.ts",
  },
  {
    what: "conditions of others are dropped",
    file: "controller/reconcile/conditions.ts",
    find: "conditions: [...conditions, ...foreign] };",
    replace: "conditions };",
    test: "test/controller/reconcile/conditions.test.ts",
  },
  {
    what: "a status that says the same is written again",
    file: "controller/reconcile/conditions.ts",
    find: "  if (same) return null;\n",
    replace: "",
    test: "test/controller/reconcile/conditions.test.ts",
  },
  {
    what: "items of one cause are not sorted",
    file: "controller/reconcile/explain-failure.ts",
    find: 'named.sort().join(", ")',
    replace: 'named.join(", ")',
    test: "test/controller/reconcile/explain-failure.test.ts",
  },
  {
    what: "lines are not sorted",
    file: "controller/reconcile/explain-failure.ts",
    find: "lines.sort();",
    replace: "",
    test: "test/controller/reconcile/explain-failure.test.ts",
  },
  {
    what: "a neighbour is named without its label being his",
    file: "shared/label-origin.node.ts",
    find: "this.#byHash.get(hash)",
    replace: "[...this.#byHash.values()][0]",
    test: "test/controller/reconcile/explain-failure.test.ts",
  },
  {
    what: "a value for elsewhere is called one of an unknown key",
    file: "controller/reconcile/explain-failure.ts",
    find: "originOf(outcome.labelHash)",
    replace: "originOf(new Uint8Array(32))",
    test: "test/controller/reconcile/explain-failure.test.ts",
  },
  {
    what: "items that were given up on are not counted",
    file: "controller/reconcile/explain-failure.ts",
    find: "if (notTried > 0)",
    replace: "if (notTried > 99)",
    test: "test/controller/reconcile/explain-failure.test.ts",
  },
];
