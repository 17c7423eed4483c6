import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DeclaredTests } from "../support/shown-by.ts";
import { keyServiceRows } from "./key-service-rows.ts";
import { vaultClientRows } from "./vault-client-rows.ts";

const declared = new DeclaredTests();
const sections = { ...keyServiceRows, "what the usual client of Vault gets wrong": vaultClientRows };
for (const [section, rows] of Object.entries(sections)) {
  suite(section, () => {
    for (const [row, { words, shownBy }] of Object.entries(rows))
      test(`${row}: ${words}`, async () => {
        assert.ok(shownBy.length > 0);
        assert.deepEqual(await declared.problemsOf(shownBy), []);
      });
  });
}

test("a test that is gone, doubled, left out or emptied shows nothing", async () => {
  const own = "interop/key-service-coverage.test.ts";
  const title = "a test that is gone, doubled, left out or emptied shows nothing";
  declared.put("doubled", 'test("a", f);\ntest("a", f);\n');
  declared.put(
    "left out",
    'test("a", { skip: true }, f);\ntest("b", (t) => t.skip());\ntest("c", { todo }, f);\ntest("d", () => run("--only"));\n',
  );
  assert.equal(
    await declared.problemOf(["interop/key-service-rows.ts", "none"]),
    'interop/key-service-rows.ts has no test "none"',
  );
  assert.match((await declared.problemOf(["doubled", "a"])) ?? "", /several/);
  for (const title of ["a", "b", "c"])
    assert.match((await declared.problemOf(["left out", title])) ?? "", /left out/, title);
  assert.equal(await declared.problemOf(["left out", "d"]), null);
  assert.match((await declared.problemOf([own, title, "nowhere ".repeat(2)])) ?? "", /says nothing of/);
});
