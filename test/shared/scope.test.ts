import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import {
  annotatedScopeKind,
  CLUSTER_WIDE_ANNOTATION,
  describeScope,
  NAMESPACE_WIDE_ANNOTATION,
  parseScopeKind,
  type Scope,
  scopeAnnotations,
  scopeAt,
  scopeLabel,
  scopeOf,
} from "../../shared/scope.ts";

const place = { namespace: "team-a", name: "db" };
const scopes: [Scope, string, string][] = [
  [{ kind: "strict", ...place }, "team-a/db", "strict (team-a/db)"],
  [{ kind: "namespace-wide", namespace: "team-a" }, "team-a", "namespace-wide (team-a)"],
  [{ kind: "cluster-wide" }, "", "cluster-wide"],
];

suite("scope", () => {
  test("the annotations are the ones that manifests have", () => {
    assert.equal(CLUSTER_WIDE_ANNOTATION, "sealedsecrets.bitnami.com/cluster-wide");
    assert.equal(NAMESPACE_WIDE_ANNOTATION, "sealedsecrets.bitnami.com/namespace-wide");
  });

  for (const [scope, label, words] of scopes) {
    test(`${scope.kind}: label, words, annotations and back`, () => {
      assert.equal(Buffer.from(scopeLabel(scope)).toString(), label);
      assert.equal(describeScope(scope), words);
      assert.deepEqual(scopeAt(scope.kind, place), scope);
      assert.deepEqual(scopeOf({ ...place, annotations: scopeAnnotations(scope.kind) }), scope);
      assert.equal(parseScopeKind(scope.kind), scope.kind);
    });
  }

  const annotated: [string, Record<string, string> | undefined, string][] = [
    ["none", undefined, "strict"],
    ["others", { "sealedsecrets.bitnami.com/strict": "true", "example.com/cluster-wide": "true" }, "strict"],
    ["both", { [CLUSTER_WIDE_ANNOTATION]: "true", [NAMESPACE_WIDE_ANNOTATION]: "true" }, "cluster-wide"],
    [
      "cluster-wide false beside namespace-wide",
      { [CLUSTER_WIDE_ANNOTATION]: "false", [NAMESPACE_WIDE_ANNOTATION]: "true" },
      "namespace-wide",
    ],
    ...["TRUE", "True", "yes", "1", "", " true", "true ", "t"].flatMap(
      (value): [string, Record<string, string>, string][] => [
        [`cluster-wide ${JSON.stringify(value)}`, { [CLUSTER_WIDE_ANNOTATION]: value }, "strict"],
        [`namespace-wide ${JSON.stringify(value)}`, { [NAMESPACE_WIDE_ANNOTATION]: value }, "strict"],
      ],
    ),
  ];
  for (const [what, annotations, kind] of annotated) {
    test(`annotations ${what}: ${kind}`, () => assert.equal(annotatedScopeKind(annotations), kind));
  }

  test("an empty name means strict, any other text is no scope", () => {
    assert.equal(parseScopeKind(""), "strict");
    for (const text of ["Strict", "namespace", "cluster", "namespace-wide ", "toString"]) {
      assert.equal(parseScopeKind(text), null);
    }
  });

  test("no two scopes of names that Kubernetes allows have the same label", () => {
    const part = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,8}[a-z0-9])?$/);
    const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9.]{0,8}[a-z0-9])?$/);
    const any = fc.oneof(
      fc.record({ kind: fc.constant("strict" as const), namespace: part, name }),
      fc.record({ kind: fc.constant("namespace-wide" as const), namespace: part }),
      fc.constant({ kind: "cluster-wide" as const }),
    );
    fc.assert(
      fc.property(any, any, (a, b) => {
        const same = Buffer.from(scopeLabel(a)).equals(scopeLabel(b));
        assert.equal(same, JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });
});
