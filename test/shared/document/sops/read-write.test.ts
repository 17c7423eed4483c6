import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { readSopsTree } from "../../../../shared/document/sops/read-tree.ts";
import { writeSopsTree } from "../../../../shared/document/sops/write-tree.ts";

/** What stock sops 3.13 makes of a document whose values stay in clear, without its metadata. */
const layouts: readonly [string, string, string][] = [
  ["maps and lists", "a:\n  b:\n  - c\n  - d: 1\n", "a:\n    b:\n        - c\n        - d: 1\n"],
];

suite("documents are laid out as stock sops does", () => {
  for (const [name, source, expected] of layouts) {
    test(name, () => assert.equal(writeSopsTree(readSopsTree(source, "yaml", "in"), "yaml"), expected));
  }
});
