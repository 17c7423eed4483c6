import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";

/** What a test file promises to prove: a row for each behaviour, by a short name. */
export type CoverageTable<Row extends string> = {
  /** Declares a test that proves the rows named. */
  proves(rows: Row | readonly Row[], name: string, body: (context: TestContext) => Promise<void>): void;
  /** Declares the last test: it fails when a row has no test. To be called after all the others. */
  everyRowHasATest(): void;
};

/** Makes the table of a test file; `rows` says in a sentence what each row stands for. */
export function coverageTable<Row extends string>(rows: Readonly<Record<Row, string>>): CoverageTable<Row> {
  const proven = new Set<string>();
  return {
    proves(named, name, body) {
      for (const row of typeof named === "string" ? [named] : named) proven.add(row);
      test(name, body);
    },
    everyRowHasATest() {
      test("every row of the table has a test", () => {
        const names = Object.keys(rows);
        assert.ok(names.length > 0, "the table has rows");
        assert.deepEqual(
          names.filter((row) => !proven.has(row)),
          [],
        );
      });
    },
  };
}
