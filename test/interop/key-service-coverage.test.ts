import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { suite, test } from "node:test";
import { type DeclaredTest, declaredTests } from "../support/declared-tests.ts";
import { keyServiceRows, type ShownBy } from "./key-service-rows.ts";
import { vaultClientRows } from "./vault-client-rows.ts";

const root = join(import.meta.dirname, "..");
const read = new Map<string, Promise<DeclaredTest[]>>();

function testsOf(file: string): Promise<DeclaredTest[]> {
  const known = read.get(file) ?? readFile(join(root, file), "utf8").then(declaredTests);
  read.set(file, known);
  return known;
}

/** Why a test does not show it; null when it does. */
async function problemOf([file, title, ...says]: ShownBy): Promise<string | null> {
  const found = (await testsOf(file)).filter((one) => one.title === title);
  const [declared] = found;
  if (declared === undefined) return `${file} has no test "${title}"`;
  if (found.length > 1) return `${file} has several tests "${title}"`;
  if (/\b(?:skip|todo|only)\b/.test(declared.body)) return `${file}: "${title}" may be left out`;
  const silent = says.filter((text) => !declared.body.includes(text));
  return silent.length === 0 ? null : `${file}: "${title}" says nothing of ${silent.join(", ")}`;
}

const sections = { ...keyServiceRows, "what the usual client of Vault gets wrong": vaultClientRows };
for (const [section, rows] of Object.entries(sections)) {
  suite(section, () => {
    for (const [row, { words, shownBy }] of Object.entries(rows))
      test(`${row}: ${words}`, async () => {
        assert.ok(shownBy.length > 0);
        const problems = await Promise.all(shownBy.map(problemOf));
        assert.deepEqual(
          problems.filter((problem) => problem !== null),
          [],
        );
      });
  });
}

test("a test that is gone, doubled, left out or emptied shows nothing", async () => {
  const own = "interop/key-service-coverage.test.ts";
  const title = "a test that is gone, doubled, left out or emptied shows nothing";
  read.set("doubled", Promise.resolve(declaredTests('test("a", f);\ntest("a", f);\n')));
  read.set("left out", Promise.resolve(declaredTests('test("a", { skip: true }, f);\n')));
  assert.equal(
    await problemOf(["interop/key-service-rows.ts", "none"]),
    'interop/key-service-rows.ts has no test "none"',
  );
  assert.match((await problemOf(["doubled", "a"])) ?? "", /several/);
  assert.match((await problemOf(["left out", "a"])) ?? "", /left out/);
  assert.match((await problemOf([own, title, "nowhere ".repeat(2)])) ?? "", /says nothing of/);
});
