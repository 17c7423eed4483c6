import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { suite, test } from "node:test";
import fc from "fast-check";
import { shellOperand, shellPath, shellWord } from "../../shared/shell-word.ts";

const hostile = fc.string({
  unit: fc.constantFrom(..."-ab.~'\"`$(){};&|<>*?!#\\ \t\n="),
  minLength: 1,
  maxLength: 12,
});

/** What a shell makes of words. */
function heard(words: readonly string[]): string[] {
  const said = spawnSync("sh", ["-c", `printf '%s\\0' ${words.join(" ")}`]);
  assert.equal(said.status, 0);
  return said.stdout.toString().split("\0").slice(0, -1);
}

suite("a text in a command that may be copied", () => {
  test("stays as it is where a shell takes it as it is", () => {
    for (const text of ["sealed.yaml", "a/b-c_d.json", "/x/@1:2,3+4=5%.yml", "./-f"]) {
      assert.equal(shellWord(text), text);
      assert.equal(shellPath(text), text);
      assert.equal(shellOperand(text), text);
    }
  });

  test("is quoted where a shell would make something else of it", () => {
    assert.equal(shellWord("a b.yaml"), "'a b.yaml'");
    assert.equal(shellWord("$(x).yaml"), "'$(x).yaml'");
    assert.equal(shellWord("it's.yaml"), "'it'\\''s.yaml'");
    assert.equal(shellWord(""), "''");
  });

  test("is taken for no flag: a path by its folder, another behind what ends the flags", () => {
    assert.equal(shellPath("-f.yaml"), "./-f.yaml");
    assert.equal(shellPath("-f x"), "'./-f x'");
    assert.equal(shellOperand("-f x"), "-- '-f x'");
  });

  test("means that text to a shell, whatever is in it", () => {
    fc.assert(
      fc.property(fc.array(hostile, { minLength: 1, maxLength: 20 }), (texts) => {
        assert.deepEqual(heard(["x", ...texts.map(shellWord)]), ["x", ...texts]);
        const paths = texts.map((text) => `${text.startsWith("-") ? "./" : ""}${text}`);
        assert.deepEqual(heard(texts.map(shellPath)), paths);
        assert.equal(heard(["x", shellOperand(texts[0] ?? "")]).at(-1), texts[0]);
      }),
      { numRuns: 50 },
    );
  });
});
