import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { suite, test } from "node:test";
import fc from "fast-check";
import { shellWord } from "../../cli/shell-word.ts";

suite("a path in a command that may be copied", () => {
  test("stays as it is where a shell takes it as it is", () => {
    for (const path of ["sealed.yaml", "a/b-c_d.json", "/x/@1:2,3+4=5%.yml", "./-f"]) {
      assert.equal(shellWord(path), path);
    }
  });

  test("is quoted where a shell would make something else of it", () => {
    assert.equal(shellWord("a b.yaml"), "'a b.yaml'");
    assert.equal(shellWord("$(x).yaml"), "'$(x).yaml'");
    assert.equal(shellWord("it's.yaml"), "'it'\\''s.yaml'");
    assert.equal(shellWord(""), "''");
    assert.equal(shellWord("-f.yaml"), "./-f.yaml");
  });

  test("means that path to a shell, whatever is in it", () => {
    const name = fc.string({
      unit: fc.constantFrom(..."-ab.~'\"`$(){};&|<>*?!#\\ \t\n="),
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 20 }), (names) => {
        const said = spawnSync("sh", ["-c", `printf '%s\\0' ${names.map(shellWord).join(" ")}`]);
        assert.equal(said.status, 0);
        const expected = names.map((each) => `${each.startsWith("-") ? "./" : ""}${each}\0`).join("");
        assert.equal(said.stdout.toString(), expected);
      }),
      { numRuns: 50 },
    );
  });
});
