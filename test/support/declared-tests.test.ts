import assert from "node:assert/strict";
import { test } from "node:test";
import { declaredTests } from "./declared-tests.ts";

const SOURCE = `
import { test } from "node:test";
test("one", async () => {
  assert.equal(1, 1);
});
test.skip("left out", () => {});
// test("in a comment", () => {});
/* it("in another", () => {}); */
for (const kind of kinds)
  it(\`each of \${kind}\`, () => assert.ok(kind));
table.proves("row", "of a row", async () => {});
table.proves(
  ["row", "other"],
  "of two rows",
  async () => assert.fail("never"),
);
aSuite("played", start);
function aSuite(title) {}
pattern.test("a text");
`;

test("tests and suites that a source declares, with what they do", () => {
  const found = declaredTests(SOURCE);
  assert.deepEqual(
    found.map(({ title }) => title),
    ["one", "each of …", "of a row", "of two rows", "played"],
  );
  assert.match(found[0]?.body ?? "", /assert\.equal\(1, 1\)/);
  assert.doesNotMatch(found[0]?.body ?? "", /assert\.ok\(kind\)/);
});
