import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { type JunitCase, junitText } from "../../../cli/findings/junit.ts";
import { assertJunit } from "../../support/junit-schema.ts";
import { readXml } from "../../support/strict-xml.ts";

/** Any text, with what is special to XML and what it cannot have more often than by chance. */
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom(
      "<",
      ">",
      "&",
      '"',
      "'",
      "]]>",
      "\n",
      "\t",
      "\r",
      "\0",
      "\u001b",
      "\ufffe",
      "\ud800",
      "\udc00",
      "😀",
      "é",
    ),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
  ),
});
const cases: fc.Arbitrary<JunitCase[]> = fc.array(
  fc.record({
    file: fc.constantFrom("a.yaml", "b/c.yaml", 'od"d & <.yaml'),
    line: fc.integer({ min: 1, max: 9999 }),
    name: text,
    failure: fc.option(fc.record({ type: text, message: text, text })),
    output: fc.option(text),
  }),
);

/** What XML can hold of a text, in an attribute or between tags. */
function kept(value: string, isAttribute: boolean): string {
  const legal = value.replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, "\ufffd");
  return isAttribute ? legal.replace(/[\t\n\r]/g, " ") : legal.trim() === "" ? "" : legal;
}

suite("JUnit XML", () => {
  test("is well formed and fits the schema, whatever names and texts hold; all comes back", () => {
    fc.assert(
      fc.property(cases, (all) => {
        const root = readXml(junitText("lint", all));
        assertJunit(root);
        assert.equal(root.attributes["name"], "signet lint");
        const read = root.children.flatMap(({ children }) => children);
        const ordered = [...Map.groupBy(all, ({ file }) => file).values()].flat();
        assert.equal(read.length, ordered.length);
        for (const [index, { file, line, name, failure, output }] of ordered.entries()) {
          const { attributes, children } = read[index] ?? assert.fail();
          assert.deepEqual(attributes, { name: kept(name, true), classname: file, file, line: `${line}` });
          const [child] = children;
          if (failure !== null) {
            assert.deepEqual(child?.attributes, {
              message: kept(failure.message, true),
              type: kept(failure.type, true),
            });
            assert.equal(child?.text, kept(failure.text, false));
          } else assert.equal(child?.text, output === null ? undefined : kept(output, false));
        }
      }),
    );
  });

  test("without cases is a report still", () => {
    const root = readXml(junitText("lint", []));
    assertJunit(root);
    assert.deepEqual(root.attributes, { name: "signet lint", tests: "0", failures: "0", errors: "0" });
  });
});
