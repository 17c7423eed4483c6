import type { Fault } from "./fault.ts";

const file = "shared/scope.ts";
const scopeTest = "test/shared/scope.test.ts";

/** Faults that would open a value outside its place. */
export const scopeFaults: readonly Fault[] = [
  {
    what: "a strict value is bound to its namespace alone",
    file,
    // biome-ignore lint/suspicious/noTemplateCurlyInString: this is the source's text, to be looked for
    find: "return utf8(`${scope.namespace}/${scope.name}`);",
    replace: "return utf8(scope.namespace);",
    test: scopeTest,
  },
  {
    what: "a namespace-wide value is bound to nothing",
    file,
    find: "return utf8(scope.namespace);",
    replace: "return new Uint8Array();",
    test: scopeTest,
  },
  {
    what: "any cluster-wide annotation widens the scope, even one that says false",
    file,
    find: 'annotations?.[CLUSTER_WIDE_ANNOTATION] === "true"',
    replace: "annotations?.[CLUSTER_WIDE_ANNOTATION] !== undefined",
    test: scopeTest,
  },
  {
    what: "the namespace-wide annotation is read loosely",
    file,
    find: 'annotations?.[NAMESPACE_WIDE_ANNOTATION] === "true"',
    replace: 'annotations?.[NAMESPACE_WIDE_ANNOTATION]?.toLowerCase() === "true"',
    test: scopeTest,
  },
  {
    what: "cluster-wide does not win over namespace-wide",
    file,
    find: '=== "true") return "cluster-wide";',
    replace: '=== "true" && annotations[NAMESPACE_WIDE_ANNOTATION] === undefined) return "cluster-wide";',
    test: scopeTest,
  },
  {
    what: "an unknown scope passes for strict",
    file,
    find: 'text === "cluster-wide" ? text : null',
    replace: 'text === "cluster-wide" ? text : "strict"',
    test: scopeTest,
  },
];
