import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { mergeTrees } from "../../../cli/git/merge/merge-trees.ts";
import { yamlText, yamlTree } from "../../support/sops-documents.ts";

/** Merges YAML; gives text, and the paths that clash. */
function merge(base: string, ours: string, theirs: string): [text: string, clashes: string[]] {
  const { documents, clashes } = mergeTrees(yamlTree(base), yamlTree(ours), yamlTree(theirs));
  return [yamlText(documents), clashes];
}

suite("documents in clear are merged", () => {
  test("map by map, with the comments before what is taken", () => {
    const [text, clashes] = merge(
      "a: 1\nm:\n    b: 1\n    c: 1\n",
      "a: 1\nm:\n    # ours\n    b: 2\n    c: 1\n",
      "a: 1\nm:\n    b: 1\n    # theirs\n    c: 3\n    d: 4\n",
    );
    assert.deepEqual(
      [text, clashes],
      ["a: 1\nm:\n    # ours\n    b: 2\n    # theirs\n    c: 3\n    d: 4\n", []],
    );
  });

  for (const [what, base, ours, theirs, path] of [
    ["changed differently", "m:\n    a: x\n", "m:\n    a: y\n", "m:\n    a: z\n", "m.a"],
    [
      "removed here and changed there",
      "m:\n    a: x\n    b: x\n",
      "m:\n    b: x\n",
      "m:\n    a: z\n    b: x\n",
      "m.a",
    ],
    ["added differently", "b: x\n", "a: y\nb: x\n", "a: z\nb: x\n", "a"],
    ["of another type on each side", "a: x\n", 'a: "1"\n', "a: 1\n", "a"],
    ["a list that both changed", "a:\n    - x\n", "a:\n    - y\n", "a:\n    - z\n", "a"],
    ["one document more on a side", "a: x\n", "a: x\n---\nb: y\n", "a: z\n", "how many documents there are"],
  ] as const) {
    test(`what clashes is named: ${what}`, () => {
      assert.deepEqual(merge(base, ours, theirs)[1], [path]);
    });
  }

  test("comments and the order of keys are no change", () => {
    const [text, clashes] = merge(
      "m:\n    a: x\n    b: x\n",
      "m:\n    # why\n    b: x\n    a: x\n",
      "m:\n    a: z\n    b: x\n",
    );
    assert.deepEqual([text, clashes], ["m:\n    # why\n    b: x\n    a: z\n", []]);
    assert.deepEqual(merge("l:\n    - x\n", "l:\n    # why\n    - x\n", "l:\n    - y\n")[1], []);
  });

  test("what both removed, or one did and the other left alone, goes", () => {
    assert.deepEqual(merge("a: x\nb: x\nc: x\n", "c: x\nb: x\n", "c: x\n"), ["c: x\n", []]);
  });

  test("items of a SealedSecret stand in byte order afterwards, and those of other documents as they were", () => {
    const sealed = (kind: string, items: string[]) =>
      `kind: ${kind}\nspec:\n    encryptedData:\n${items.map((item) => `        ${item}: x\n`).join("")}`;
    const of = (kind: string) =>
      merge(sealed(kind, ["m"]), sealed(kind, ["m", "z"]), sealed(kind, ["m", "B", "a"]))[0];
    assert.equal(of("SealedSecret"), sealed("SealedSecret", ["B", "a", "m", "z"]));
    assert.equal(of("Other"), sealed("Other", ["m", "z", "B", "a"]));
  });
});
