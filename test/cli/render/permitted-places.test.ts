import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { permittedPlaces, requirePermitted } from "../../../cli/render/permitted-places.ts";
import { InputError, UsageError } from "../../../shared/errors.ts";
import type { ScopeKind } from "../../../shared/scope.ts";

type Flags = { allowed?: string[]; namespace?: string; clusterWide?: boolean };

function places({ allowed = [], namespace, clusterWide = false }: Flags, env: Record<string, string> = {}) {
  const options = {
    "allow-namespace": allowed,
    "allow-cluster-wide": clusterWide,
    "allow-unbound": false,
    namespace: namespace ?? null,
  };
  return permittedPlaces(options, { env });
}

function judged(namespace: string, flags: Flags, env?: Record<string, string>, scope: ScopeKind = "strict") {
  return requirePermitted({ namespace, name: "db" }, scope, "db.yaml", places(flags, env));
}

const refused = (message: RegExp) => ({ constructor: InputError, message });
const APP = { ARGOCD_APP_NAME: "shop", ARGOCD_APP_NAMESPACE: "shop" };

suite("which namespaces are rendered", () => {
  test("all, where none is named; else those alone, with commas or by several flags", () => {
    assert.equal(judged("a", {}), "a");
    for (const allowed of [["a,b"], ["a", "b"]]) {
      assert.equal(judged("b", { allowed }), "b");
      assert.throws(() => judged("c", { allowed }), refused(/c\/db is for a namespace that is not rendered/));
    }
  });

  test("an object that names none stands in --namespace, and nowhere where some are named", () => {
    assert.equal(judged("", {}), "");
    assert.equal(judged("", { namespace: "a" }), "a");
    assert.equal(judged("", { namespace: "a", allowed: ["a"] }), "a");
    assert.throws(() => judged("", { namespace: "b", allowed: ["a"] }), refused(/not rendered here/));
    assert.throws(() => judged("", { allowed: ["a"] }), refused(/names no namespace/));
  });

  for (const text of ["", "a,", "*", "A", "a/b", "-a", "a".repeat(64)]) {
    test(`${JSON.stringify(text)} is no namespace: an empty variable must not permit all`, () => {
      assert.throws(() => places({ allowed: [text] }), { constructor: UsageError, message: /no namespace/ });
    });
  }
});

suite("as a plugin of Argo CD", () => {
  test("the namespace that the Application deploys to is the only one, and that of objects without one", () => {
    assert.equal(judged("shop", {}, APP), "shop");
    assert.equal(judged("", {}, APP), "shop");
    assert.throws(() => judged("other", {}, APP), refused(/not rendered here/));
  });

  test("flags narrow it and never widen it", () => {
    assert.equal(judged("shop", { allowed: ["shop", "other"] }, APP), "shop");
    assert.throws(() => judged("other", { allowed: ["shop", "other"] }, APP), refused(/not rendered here/));
    assert.throws(() => places({ allowed: ["other"] }, APP), UsageError);
    assert.throws(() => judged("", { namespace: "other" }, APP), refused(/not rendered here/));
  });

  test("what an Application sets for its plugin counts for nothing", () => {
    const env = { ...APP, ARGOCD_ENV_ARGOCD_APP_NAMESPACE: "other", ARGOCD_ENV_NAMESPACE: "other" };
    assert.throws(() => judged("other", {}, env), refused(/not rendered here/));
    assert.equal(judged("other", {}, { ARGOCD_ENV_ARGOCD_APP_NAMESPACE: "shop" }), "other");
  });

  for (const env of [{ ARGOCD_APP_NAME: "shop" }, { ...APP, ARGOCD_APP_NAMESPACE: "" }]) {
    test(`nothing may be opened for an Application without one: ${JSON.stringify(env)}`, () => {
      for (const allowed of [[], ["shop"]])
        assert.throws(() => places({ allowed }, env), { constructor: UsageError, message: /no namespace/ });
    });
  }
});

test("cluster-wide values take a flag, wherever they stand", () => {
  assert.throws(() => judged("a", {}, {}, "cluster-wide"), refused(/sealed cluster-wide/));
  assert.throws(() => judged("shop", {}, APP, "cluster-wide"), refused(/sealed cluster-wide/));
  assert.equal(judged("a", { clusterWide: true }, {}, "cluster-wide"), "a");
  assert.equal(judged("a", {}, {}, "namespace-wide"), "a");
});
