import assert from "node:assert/strict";
import { test } from "node:test";
import { servedNamespaces, serves } from "../../../controller/sops/served-namespaces.ts";
import { identitySecret } from "./identity-secrets.ts";

const judged = (said: string | null) => servedNamespaces(identitySecret({}, { serves: said }));
const problemOf = (said: string | null) => {
  const verdict = judged(said);
  return verdict.ok ? null : verdict.problem;
};

test("identities serve the namespaces that their Secret names, and no others", () => {
  for (const said of ["team", "other,team", " other , team ", "other,,team,"]) {
    const verdict = judged(said);
    assert.ok(verdict.ok, said);
    assert.equal(serves(verdict.served, "team"), true, said);
    assert.equal(serves(verdict.served, "te"), false, said);
    assert.equal(serves(verdict.served, "kube-system"), false, said);
    assert.equal(serves(verdict.served, ""), false, said);
  }
});

test("* serves all of them, and stands alone", () => {
  const verdict = judged(" * ");
  assert.ok(verdict.ok);
  assert.equal(serves(verdict.served, "any"), true);
  assert.equal(serves(verdict.served, ""), false);
  assert.match(problemOf("team,*") ?? "", /has \* beside names/);
});

test("no namespace named is none served, and the problem names the annotation", () => {
  for (const said of [null, "", " ", ",,"])
    assert.match(problemOf(said) ?? "", /serves no namespace: .*signet\.dev\/age-namespaces/, `${said}`);
});

test("what is no name of a namespace is told by its place, without a word of it", () => {
  for (const [said, entry] of [
    ["team,Hunter2", 2],
    ["team-*", 1],
    ["a,b,-c", 3],
    ["a b", 1],
    ["{namespace}", 1],
    [`${"a".repeat(64)}`, 1],
  ] as const) {
    const problem = problemOf(said) ?? assert.fail(said);
    assert.match(
      problem,
      new RegExp(`^entry ${entry} of its annotation signet\\.dev/age-namespaces is no name`),
    );
    assert.doesNotMatch(problem, /Hunter2|team/);
  }
});
