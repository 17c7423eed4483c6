import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { rightsShapes } from "../support/rights-shapes.ts";
import { type ScenarioRow, scenarioRows } from "./scenarios/rows.ts";
import { scenarios } from "./scenarios/scenarios.ts";

const titles = new Map<ScenarioRow, string[]>();
scenarios(
  {
    proves(rows, title) {
      for (const row of typeof rows === "string" ? [rows] : rows)
        titles.set(row, [...(titles.get(row) ?? []), title]);
    },
    everyRowHasATest: () => undefined,
  },
  () => assert.fail("nothing is played here"),
);

test("every behaviour that the reference's cluster suite asserts of its controller is a row", () => {
  const numbers = Object.keys(scenarioRows).flatMap((row) => /^\d+/.exec(row)?.[0] ?? []);
  const expected = Array.from({ length: 25 }, (_, index) => String(index + 1));
  assert.deepEqual(
    [...new Set(numbers)].sort((a, b) => Number(a) - Number(b)),
    expected,
  );
});

for (const shape of Object.keys(rightsShapes)) {
  test(`every row is played under the shape of rights ${shape}`, async (context) => {
    const file = join(import.meta.dirname, `scenarios-${shape}.test.ts`);
    const text = await readFile(file, "utf8");
    assert.match(text, new RegExp(`^scenariosUnderRights\\("${shape}"\\);$`, "m"));
    const empty = Object.keys(scenarioRows).filter((row) => !titles.has(row as ScenarioRow));
    assert.deepEqual(empty, []);
    context.diagnostic(`${titles.size} of ${Object.keys(scenarioRows).length} rows`);
  });
}

test("every test of the scenarios stands for a row that is told in words", () => {
  for (const row of titles.keys()) assert.ok(scenarioRows[row].length > 10, row);
});
