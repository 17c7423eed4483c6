import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { type ReportResult, type ReportRule, sarifText } from "../../../cli/findings/sarif.ts";

const RULES: Readonly<Record<string, ReportRule>> = {
  "not-sealed": { title: "Not sealed", help: "It is not sealed.", next: "seal it", severity: 7 },
  "duplicate-name": { title: "Twice", help: "It is there twice.", next: "take one out", severity: null },
};

type Result = {
  ruleId: string;
  ruleIndex: number;
  level: string;
  message: { text: string };
  locations: [
    { physicalLocation: { artifactLocation: { uri: string }; region: { startLine: number } } },
    ...never[],
  ];
  partialFingerprints: { primaryLocationLineHash: string };
};
type Run = { tool: { driver: { rules: { id: string; help: { text: string } }[] } }; results: Result[] };

function runOf(found: readonly ReportResult[]): Run {
  const report = JSON.parse(sarifText("lint", RULES, found)) as { version: string; runs: [Run] };
  assert.equal(report.version, "2.1.0");
  assert.equal(report.runs.length, 1);
  return report.runs[0];
}

const result: ReportResult = {
  rule: "not-sealed",
  level: "error",
  message: "It is not.",
  uri: "a.yaml",
  line: 3,
  about: ["shop/db", "password"],
};
const uriOf = (uri: string) =>
  runOf([{ ...result, uri }]).results[0]?.locations[0].physicalLocation.artifactLocation.uri ?? "";

suite("SARIF", () => {
  test("has of each result what code scanning asks for", () => {
    const { tool, results } = runOf([result, { ...result, rule: "duplicate-name", level: "note", line: 9 }]);
    for (const { ruleId, ruleIndex, message, locations } of results) {
      assert.equal(tool.driver.rules[ruleIndex]?.id, ruleId);
      assert.notEqual(tool.driver.rules[ruleIndex]?.help.text, "");
      assert.notEqual(message.text, "");
      assert.ok(locations[0].physicalLocation.region.startLine >= 1);
    }
  });

  for (const [path, uri] of [
    ["a:b.yaml", "a%3Ab.yaml"],
    ["o d/#1?.yaml", "o%20d/%231%3F.yaml"],
    ["100%25.yaml", "100%2525.yaml"],
    ["back\\slash.yaml", "back%5Cslash.yaml"],
    ["é😀.yaml", "%C3%A9%F0%9F%98%80.yaml"],
    ["half\ud800.yaml", "half%EF%BF%BD.yaml"],
    ["/elsewhere/a.yaml", "file:///elsewhere/a.yaml"],
  ] as const) {
    test(`the place of ${JSON.stringify(path)}`, () => assert.equal(uriOf(path), uri));
  }

  test("names every file by a relative reference that leads back to it, and to no other host or scheme", () => {
    const name = fc
      .string({
        unit: fc.oneof(fc.constantFrom(..."%:?#\\[]@ &+=~'"), fc.string({ unit: "grapheme", maxLength: 1 })),
      })
      .filter(
        (text) => text !== "" && text !== "." && text !== ".." && !text.includes("/") && !text.includes("\0"),
      );
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 3 }), (names) => {
        const uri = new URL(uriOf(names.join("/")), "https://host/root/");
        assert.equal(uri.host, "host");
        assert.deepEqual(
          uri.pathname.split("/").slice(2).map(decodeURIComponent),
          names.map((one) => one.toWellFormed()),
        );
      }),
    );
  });

  test("knows a result again that moved to another line or says it in other words, and no other for it", () => {
    const printOf = (...all: ReportResult[]) =>
      runOf(all).results.map(({ partialFingerprints }) => partialFingerprints.primaryLocationLineHash);
    const [first] = printOf(result);
    assert.deepEqual(printOf({ ...result, line: 70, message: "Other words." }), [first]);
    const all = printOf(
      result,
      result,
      { ...result, about: ["shop/db", "user"] },
      { ...result, uri: "b.yaml" },
    );
    assert.equal(new Set(all).size, all.length);
    assert.equal(all[0], first);
  });
});
