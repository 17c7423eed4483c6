import assert from "node:assert/strict";
import { posix } from "node:path";
import { suite, test } from "node:test";
import fc from "fast-check";
import { fitsPattern } from "../../../cli/project/path-pattern.ts";

suite("patterns of a project file", () => {
  test("fit paths by *, ** and ?", () => {
    const cases: [pattern: string, fitting: string[], others: string[]][] = [
      ["apps/**", ["apps/a", "apps/a/b/c", "apps/.hidden/a"], ["apps", "app/a", "x/apps/a", "Apps/a"]],
      ["**", ["a", "a/b"], []],
      ["**/db.yaml", ["db.yaml", "a/db.yaml", "a/b/db.yaml"], ["adb.yaml", "a/db.yaml/b"]],
      ["a/**/b/**/c", ["a/b/c", "a/x/b/y/z/c", "a/b/b/c/c"], ["a/c", "a/b", "a/b/c/d"]],
      ["apps/*/db.yaml", ["apps/x/db.yaml", "apps/.x/db.yaml"], ["apps/db.yaml", "apps/x/y/db.yaml"]],
      ["*.yaml", ["a.yaml", ".yaml"], ["a/b.yaml", "a.yml", "aXyaml"]],
      ["a**b", ["ab", "axxb"], ["a/b"]],
      ["db-?.yaml", ["db-1.yaml", "db-é.yaml", "db-😀.yaml"], ["db-.yaml", "db-12.yaml"]],
      ["./a//b", ["a/b"], ["a", "b"]],
    ];
    for (const [pattern, fitting, others] of cases) {
      for (const path of fitting) assert.ok(fitsPattern(path, pattern), `${pattern} ${path}`);
      for (const path of others) assert.ok(!fitsPattern(path, pattern), `${pattern} ${path}`);
    }
  });

  test("fit what they fit elsewhere", () => {
    const part = fc.oneof(
      fc.constant("**"),
      fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), minLength: 1, maxLength: 5 }),
    );
    const name = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        fc.array(part, { minLength: 1, maxLength: 4 }),
        fc.array(name, { minLength: 1, maxLength: 4 }),
        (parts, names) => {
          const [pattern, path] = [parts.join("/"), names.join("/")];
          assert.equal(fitsPattern(path, pattern), posix.matchesGlob(path, pattern), `${pattern} ${path}`);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("end, however many signs there are", () => {
    assert.ok(!fitsPattern("a".repeat(255), `${"*a".repeat(120)}*b`));
    assert.ok(!fitsPattern(`${"a/".repeat(500)}z`, `${"**/a/".repeat(50)}x`));
  });
});
