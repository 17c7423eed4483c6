import assert from "node:assert/strict";
import { before, suite, test } from "node:test";
import { goFunctionNames } from "../../support/go-template.ts";
import { type Compared, compareWithGo, difference } from "../../support/template-comparison.ts";
import { readCorpus } from "../../support/template-corpus.ts";

/** What the language has beside functions; every one has rows of its own. */
const constructs = (
  "action and argument block break call comment continue define eq field ge gt html if index js le len lt measured " +
  "method ne nil not number or parentheses pipeline print printf println range slice template text trim-markers " +
  "undefined-function urlquery variable with"
).split(" ");

const rows = readCorpus();

suite("templates render as Go renders them", () => {
  let compared: Compared[] = [];
  before(async () => {
    compared = await compareWithGo(rows);
  });

  test("every function and every construct has a row, and every heading is one of them", async () => {
    const functions = await goFunctionNames();
    assert.equal(functions.length, 208);
    const expected = new Set([...functions, ...constructs]);
    const covered = new Set(rows.map(({ covers }) => covers));
    assert.deepEqual(
      [...expected].filter((name) => !covered.has(name)),
      [],
      "without a row",
    );
    assert.deepEqual(
      [...covered].filter((name) => !expected.has(name)),
      [],
      "neither function nor construct",
    );
    const untrue = rows.filter(
      ({ covers, source }) => functions.includes(covers) && !source.includes(covers),
    );
    assert.deepEqual(untrue, [], "rows that do not call the function they stand for");
  });

  test("the corpus is large, and mostly of templates that succeed", () => {
    assert.ok(rows.length >= 500, `${rows.length} rows`);
    const failing = compared.filter(({ go }) => !("output" in go)).length;
    assert.ok(failing <= rows.length / 5, `${failing} of ${rows.length} rows are errors`);
  });

  for (const [at, { covers, place }] of rows.entries()) {
    test(`${covers} (${place})`, () => {
      const result = compared[at];
      assert.ok(result !== undefined);
      assert.equal(difference(result), null);
    });
  }
});
