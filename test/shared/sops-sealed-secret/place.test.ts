import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { utf8 } from "../../../shared/bytes.ts";
import { scopeItem } from "../../../shared/document/sops/scope-item.ts";
import type { SopsMap } from "../../../shared/document/sops/tree.ts";
import { type Scope, scopeAt } from "../../../shared/scope.ts";
import { byteOrder, inByteOrder } from "../../../shared/sops-sealed-secret/byte-order.ts";
import { keepsFluxOff } from "../../../shared/sops-sealed-secret/flux-mark.ts";
import { contextDifferences, sopsKmsContext } from "../../../shared/sops-sealed-secret/kms-place.ts";
import { scopeDifferences } from "../../../shared/sops-sealed-secret/scope-difference.ts";

const names = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
const scopes: fc.Arbitrary<Scope> = fc
  .tuple(fc.constantFrom("strict", "namespace-wide", "cluster-wide"), names, names)
  .map(([kind, namespace, name]) => scopeAt(kind as Scope["kind"], { namespace, name }));
const clusters = fc.oneof(
  fc.uuid(),
  fc.string({ minLength: 1, maxLength: 20 }),
  fc.constantFrom("a/b", "a%2Fb", "é"),
);

test("a scope item names its own place, and every other one differs from it", () => {
  fc.assert(
    fc.property(clusters, scopes, clusters, scopes, (cluster, scope, otherCluster, other) => {
      assert.deepEqual(scopeDifferences(scopeItem(cluster, scope), cluster, scope), []);
      const isSame = cluster === otherCluster && JSON.stringify(scope) === JSON.stringify(other);
      const parts = scopeDifferences(scopeItem(otherCluster, other), cluster, scope);
      assert.equal(parts.length === 0, isSame, `${parts}`);
      assert.ok(!parts.includes("form"));
      assert.equal(parts.includes("cluster"), cluster !== otherCluster);
      assert.equal(parts.includes("scope"), scope.kind !== other.kind);
    }),
    { numRuns: 40 },
  );
});

test("the same for a KMS context, where it is known which cluster it is", () => {
  fc.assert(
    fc.property(clusters, scopes, clusters, scopes, (cluster, scope, otherCluster, other) => {
      assert.deepEqual(
        contextDifferences({ team: "a", ...sopsKmsContext(cluster, scope) }, cluster, scope),
        [],
      );
      const isSame = cluster === otherCluster && JSON.stringify(scope) === JSON.stringify(other);
      const context = sopsKmsContext(otherCluster, other);
      assert.equal(contextDifferences(context, cluster, scope).length === 0, isSame);
    }),
    { numRuns: 40 },
  );
  const strict = scopeAt("strict", { namespace: "a", name: "b" });
  const context = sopsKmsContext("c", strict);
  assert.deepEqual(contextDifferences(context, null, strict), []);
  assert.deepEqual(contextDifferences({ ...context, "signet-cluster": "" }, null, strict), ["cluster"]);
  assert.deepEqual(contextDifferences({ ...context, "signet-format": "kms:1" }, "c", strict), ["format"]);
  assert.deepEqual(contextDifferences({ ...context, "signet-item": "x" }, "c", strict), ["item"]);
  assert.deepEqual(contextDifferences({}, "c", scopeAt("cluster-wide", { namespace: "", name: "" })), [
    "format",
    "cluster",
    "scope",
  ]);
});

test("what is no scope item is told as such", () => {
  const strict = scopeAt("strict", { namespace: "a", name: "b" });
  for (const text of [
    "",
    "2/c/strict/a/b",
    "1/c/strict/a",
    "1/c/strict/a/b/c",
    "1/c/other/a/b",
    "1/c/cluster-wide/a",
  ]) {
    assert.deepEqual(scopeDifferences(text, "c", strict), ["form"], text);
  }
});

test("byte order is that of the texts' UTF-8", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
      assert.equal(Math.sign(byteOrder(a, b)), Buffer.compare(utf8(a), utf8(b)));
    }),
    { numRuns: 40 },
  );
  // In UTF-16 the first would come last.
  assert.deepEqual(["\uff5e", "\u{1f600}", "10", "9", "a", "B"].sort(byteOrder), [
    "10",
    "9",
    "B",
    "a",
    "\uff5e",
    "\u{1f600}",
  ]);
});

test("comments go with the entry they stand before, and the last ones stay last", () => {
  const entry = (key: string) => ({ kind: "entry", key, value: { kind: "null" } }) as const;
  const comment = (text: string) => ({ kind: "comment", text }) as const;
  const map: SopsMap = {
    kind: "map",
    entries: [comment("of b"), comment("too"), entry("b"), comment("of a"), entry("a"), comment("last")],
  };
  const told = inByteOrder(map).entries.map((one) => (one.kind === "comment" ? `#${one.text}` : one.key));
  assert.deepEqual(told, ["#of a", "a", "#of b", "#too", "b", "#last"]);
});

test("Flux goes by its mark in small and capital letters", () => {
  const mark = "kustomize.toolkit.fluxcd.io/decrypt";
  assert.equal(keepsFluxOff({ [mark]: "Disabled" }), true);
  assert.equal(keepsFluxOff({ [mark]: "disabled" }), true);
  assert.equal(keepsFluxOff({ [mark]: "true" }), false);
  assert.equal(keepsFluxOff({}), false);
  assert.equal(keepsFluxOff(undefined), false);
});
