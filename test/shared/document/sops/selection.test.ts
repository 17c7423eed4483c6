import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { SopsSelection } from "../../../../shared/document/sops/metadata.ts";
import { selectorOf } from "../../../../shared/document/sops/selection.ts";
import { SopsError } from "../../../../shared/document/sops/sops-error.ts";

type Rule = Exclude<SopsSelection["rule"], "default">;

/** Which of some keys fit a rule. */
const cases: readonly (readonly [Rule, string, readonly string[], readonly string[]])[] = [
  ["encrypted_suffix", "_enc", ["a_enc", "_enc"], ["a_encx", "enc", "A_ENC"]],
  ["unencrypted_suffix", "(", ["a("], ["a"]],
  ["encrypted_regex", "^data$", ["data"], ["data2", "mydata", "Data", "data\n", ""]],
  ["encrypted_regex", "^(data|stringData)$", ["data", "stringData"], ["data|stringData", "String", "dataX"]],
  ["encrypted_regex", "^a|b$", ["ax", "xb"], ["xay"]],
  ["encrypted_regex", "^(a.c)$", ["abc", "a.c"], ["ac"]],
  ["encrypted_regex", "data", ["data", "mydata", "data2"], ["dat"]],
  ["encrypted_regex", "(?i)data", ["DATA", "xDaTay"], ["dat"]],
  ["encrypted_regex", "^[[:alpha:]]+$", ["abc"], ["ab1", ""]],
  ["encrypted_regex", "\\d", ["a1"], ["a", "\u0661"]],
  ["encrypted_regex", "\\w", ["é_"], ["é", "\u0661"]],
  ["encrypted_regex", "\\pN", ["a\u0661"], ["a"]],
  ["encrypted_regex", "\\Aab\\z", ["ab"], ["ab\n", "xab"]],
  ["encrypted_regex", "ab$", ["ab"], ["ab\n"]],
  ["encrypted_regex", "\\Qa.b\\E", ["a.b"], ["axb"]],
  ["encrypted_regex", "(?P<name>x)y", ["xy"], ["x"]],
  ["encrypted_regex", "^.$", ["é", "𝄞", "a"], ["", "ab", "\n"]],
  ["encrypted_regex", "(?s)^.$", ["\n"], [""]],
  ["unencrypted_regex", "^metadata$", ["metadata"], ["data"]],
];

suite("a key fits", () => {
  for (const [rule, pattern, fitting, others] of cases) {
    test(`${rule}: ${pattern}`, async () => {
      const selector = await selectorOf({ rule, pattern }, "secret.yaml");
      assert.equal(selector.by, "key");
      const all = [...fitting, ...others];
      assert.deepEqual(all.filter(selector.fits), fitting);
      assert.deepEqual(all.filter(selector.fits), fitting, "when asked again");
    });
  }
});

test("what is encrypted, by rule", async () => {
  const rules: readonly (readonly [Rule, "key" | "comment", boolean])[] = [
    ["unencrypted_suffix", "key", false],
    ["encrypted_suffix", "key", true],
    ["unencrypted_regex", "key", false],
    ["encrypted_regex", "key", true],
    ["unencrypted_comment_regex", "comment", false],
    ["encrypted_comment_regex", "comment", true],
  ];
  for (const [rule, by, encryptsWhatFits] of rules) {
    const selector = await selectorOf({ rule, pattern: "x" }, "secret.yaml");
    assert.deepEqual([selector.by, selector.encryptsWhatFits], [by, encryptsWhatFits], rule);
  }
});

test("without a rule, what ends with _unencrypted stays in clear", async () => {
  const selector = await selectorOf({ rule: "default" }, "secret.yaml");
  assert.deepEqual([selector.by, selector.encryptsWhatFits], ["key", false]);
  assert.deepEqual(["a_unencrypted", "a", "unencrypted"].map(selector.fits), [true, false, false]);
});

suite("patterns that SOPS takes for one that nothing fits are refused", () => {
  for (const pattern of ["(?!x)data", "(?<=x)data", "(a)\\1", "(", "[", "a{1001}", "*", "\\Z", "(?u)a"]) {
    test(pattern, async () => {
      await assert.rejects(selectorOf({ rule: "encrypted_regex", pattern }, "secret.yaml"), (error) => {
        assert.ok(error instanceof SopsError);
        assert.equal(error.problem, "rule");
        assert.equal(error.message.includes(pattern.length > 1 ? pattern : "\0"), false);
        assert.match(error.message, /^secret\.yaml: encrypted_regex is no regular expression in Go's syntax/);
        return true;
      });
    });
  }
});

test("patterns that take too long are refused", async () => {
  const large = selectorOf({ rule: "encrypted_regex", pattern: "((a{100}){100}){100}" }, "secret.yaml");
  await assert.rejects(large, { problem: "rule" });
  await assert.rejects(selectorOf({ rule: "encrypted_regex", pattern: "a|".repeat(3000) }, "x"), {
    problem: "rule",
  });
  const slow = await selectorOf({ rule: "encrypted_regex", pattern: "(x?){100}y" }, "secret.yaml");
  assert.equal(slow.fits("x".repeat(100)), false);
  assert.throws(() => slow.fits("x".repeat(1_000_000)), { problem: "rule", message: /takes too long/ });
});
