import assert from "node:assert/strict";
import { test } from "node:test";
import { shellWords } from "../../../cli/sops/shell-words.ts";

test("a command has the words that a shell would give it, and nothing is expanded", () => {
  const cases: [string, string[] | null][] = [
    ["pass show age", ["pass", "show", "age"]],
    ["  op\tread  'op://vault/age key'\n", ["op", "read", "op://vault/age key"]],
    [`a"b c"'d e'f\\ g`, ["ab cd ef g"]],
    [`"a \\"b\\" \\\\ \\n" '\\'`, [`a "b" \\ \\n`, "\\"]],
    [`'' ""`, ["", ""]],
    ["$(id) `id` $HOME *;|", ["$(id)", "`id`", "$HOME", "*;|"]],
    ["'open", null],
    [`a "open`, null],
    ["end\\", null],
    ["", null],
    ["  \n", null],
  ];
  for (const [command, words] of cases) assert.deepEqual(shellWords(command), words, command);
});
