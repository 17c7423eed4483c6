import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { pathPattern } from "../../../cli/guard/path-pattern.ts";
import { goPattern } from "../../../shared/document/sops/go-pattern.ts";

suite("patterns for paths", () => {
  test("fit what Go's patterns fit, whichever engine tries them", async () => {
    const piece = fc.constantFrom(
      "a",
      "b",
      "/",
      ".",
      "\\.",
      ".*",
      "a+",
      "b?",
      "[ab]",
      "[a-b/]*",
      "(a|b)",
      "(?:a|/b)",
      "(a|b)?",
      "(a|b)+",
      "^",
      "$",
      "\\w",
      "\\d+",
      "(?i)A",
      "[[:alpha:]]",
      "\\z",
      "\\pL",
      "a{2}",
      "_",
      "-",
      "|",
      "a|b",
      "(a",
      ")",
      "[a",
      "**",
      "é",
    );
    const path = fc.string({
      unit: fc.constantFrom("a", "b", "A", "/", ".", "-", "1", "é", "\n"),
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 6 }), path, async (pieces, text) => {
        const pattern = pieces.join("");
        const expected = goPattern(pattern)?.(text) ?? false;
        assert.equal(await pathPattern(pattern)(text), expected, JSON.stringify([pattern, text]));
      }),
      { numRuns: 600 },
    );
  });

  test("none takes long, whatever it looks like", async () => {
    for (const pattern of ["(a+)+$x", "(a|a)*!$", "a*a*a*a*a*a*a*a*!$", "(a?){30}a{30}!$", "a*a*a*!$"])
      assert.equal(await pathPattern(pattern)(`${"a".repeat(4000)}!b`), false);
  });

  test("those that people write", async () => {
    for (const [pattern, fitting, other] of [
      ["\\.sops\\.ya?ml$", "a/b.sops.yaml", "a/b.yaml"],
      ["^secrets/.*\\.yaml$", "secrets/a/b.yaml", "apps/secrets/b.yaml"],
      ["(dev|prod)/[^/]*\\.enc\\.json", "prod/x.enc.json", "prod/a/b.json"],
      ["clusters/.*/.*secret.*\\.ya?ml", "clusters/a/my-secrets.yml", "clusters/a.yml"],
    ] as const) {
      assert.equal(await pathPattern(pattern)(fitting), true, pattern);
      assert.equal(await pathPattern(pattern)(other), false, pattern);
    }
  });
});
