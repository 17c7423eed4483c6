import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { readBlockMap } from "../../../cli/guard/block-map.ts";
import { readLocated } from "../../../cli/guard/located-tree.ts";

const indent = fc.constantFrom("", "  ", "    ", " ", "      ");
const key = fc.constantFrom("a", "kind", "my.key", "x/y", "9", "-", "_b", "true", "<<", "? a", '"q"', "é");
const value = fc.constantFrom(
  "",
  " a",
  " AgB+/=",
  " 5",
  " 1:2",
  " a: b",
  " a:",
  " ENC[AES256_GCM,data:abc=,iv:x]",
  " ENC[a: b]",
  " -x",
  " - x",
  " |",
  " >-",
  " 'q'",
  ' "q"',
  " &a b",
  " *a",
  " !t b",
  " {a: b}",
  " [a]",
  " # c",
  " a # c",
  " a#c",
  " a ",
  "a",
  "\tb",
  " a\tb",
  " ~",
  " null",
  " http://a/b",
  " a:/b",
  " @a",
  " ---",
  " ...",
);
const wild = fc.oneof(
  fc.tuple(indent, key, value).map(([spaces, name, text]) => `${spaces}${name}:${text}`),
  fc.constantFrom("", "  ", "# c", "   # c", "- a", "  - a: b", "---", "...", "text", "\r", "%YAML 1.2"),
);
const tame = fc
  .tuple(
    fc.constantFrom("", "  ", "    "),
    fc.constantFrom("a", "kind", "my.key", "9"),
    fc.constantFrom("", " a", " AgB+/=", " 1:2"),
  )
  .map((parts) => `${parts[0]}${parts[1]}:${parts[2]}`);
const line = fc.oneof({ weight: 6, arbitrary: tame }, { weight: 1, arbitrary: wild });

suite("the plainest of YAML", () => {
  test("is read as the reader of all of YAML reads it, or not at all", () => {
    let read = 0;
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 6 }),
        fc.constantFrom("", "\n"),
        fc.nat(9),
        (lines, end, base) => {
          const text = lines.join("\n") + end;
          const found = readBlockMap(text, base);
          if (found === null) return;
          read += 1;
          assert.deepEqual(found, readLocated(text, base), JSON.stringify(text));
        },
      ),
      { numRuns: 3000 },
    );
    assert.ok(read > 100, `${read} were read`);
  });

  test("is what sealed files are", () => {
    const text =
      "---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\n# why\nmetadata:\n  name: db\nspec:\n  encryptedData:\n    a: AgB+/x==\n    b: kms:1:arn:aws:kms:eu-central-1:123456789012:key/a:QUJD:QUJD\n  template:\n    metadata:\n      name: db\n";
    assert.deepEqual(readBlockMap(text, 3), readLocated(text, 3));
    assert.notEqual(readBlockMap(text, 3), null);
  });
});
