import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { corpusCases, corpusConstructs } from "../../support/guard-corpus.ts";
import { runInMemory } from "../../support/memory-io.ts";

/** What the corpus is about; each row needs cases that are found, and others that are not. */
const CONSTRUCTS: Readonly<Record<string, string>> = {
  secret: "values of Secrets, whatever their form and their file's name",
  reference: "values that name others, are encrypted, or public",
  list: "Secrets in lists of every kind",
  stream: "Secrets among other documents, in every encoding",
  json: "Secrets in JSON",
  yaml: "Secrets behind everything that YAML can do",
  template: "Secrets in templates of charts and other tools",
  embedded: "Secrets inside other objects, patches and scripts",
  kustomize: "what Kustomize generates Secrets from",
  sops: "documents that SOPS encrypts, or should",
  "sealed-secret": "what stands in a SealedSecret besides sealed values",
  "last-applied": "what kubectl keeps in annotations",
  keys: "sealing keys, private keys, age identities",
  unreadable: "what looks like a Secret and cannot be read",
  allowed: "comments that allow what was found",
};

/** Every plain value of the corpus, and what it may be written as. */
const PLAIN = /hunter2|aHVudGVyMg|AGE-SECRET-KEY-(?:PQ-)?1\w|MII[A-Za-z0-9+/]{20}/;

test("every construct has its cases, good and bad, and more than sixty files in all", () => {
  assert.deepEqual(corpusConstructs().toSorted(), Object.keys(CONSTRUCTS).toSorted());
  let files = 0;
  for (const construct of corpusConstructs()) {
    const cases = corpusCases(construct);
    assert.ok(cases.some(({ isBad }) => isBad) && cases.some(({ isBad }) => !isBad), construct);
    for (const one of cases) {
      files += Object.keys(one.files).length;
      assert.equal(one.finds.length > 0, one.isBad, `${construct}: ${one.name}`);
    }
  }
  assert.ok(files > 60, `${files} files`);
});

for (const [construct, about] of Object.entries(CONSTRUCTS)) {
  suite(about, () => {
    for (const { name, files, finds, isBad } of corpusCases(construct)) {
      test(name, async () => {
        const run = await runInMemory(["guard", "--format", "json", "."], { files });
        assert.equal(run.code, isBad ? 1 : 0, run.stderr + run.stdout);
        assert.deepEqual(findingsIn(run.stdout).toSorted(), finds.toSorted());
        assert.doesNotMatch(run.stdout + run.stderr, PLAIN);
      });
    }
  });
}

function findingsIn(report: string): string[] {
  const { findings } = JSON.parse(report) as { findings: Record<string, string | number | null>[] };
  return findings.map(({ path, line, rule, object, item }) =>
    [`${path}:${line}`, rule, object, item].filter((part) => part !== null).join(" "),
  );
}
