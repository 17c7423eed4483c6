import assert from "node:assert/strict";
import { test } from "node:test";
import { allCases } from "./all-cases.ts";
import { assertAlike } from "./compare.ts";
import type { Mode } from "./coverage.ts";
import type { DifferentialCase } from "./differential-case.ts";
import type { AutomaticDifference } from "./intended-differences.ts";
import { normalise } from "./normal-outcome.ts";
import { runBoth, type Surroundings } from "./run-both.ts";

const shown = new Set<AutomaticDifference>();

/** Declares a test for each case of these modes that is run against this controller; `surroundings` is asked when it runs. */
export function declareCases(
  controller: "none" | "reference" | "signet",
  modes: readonly Mode[],
  surroundings: () => Surroundings,
): void {
  for (const { mode, ...each } of allCases) {
    if (!modes.includes(mode)) continue;
    const against = each.cluster ?? "none";
    if (against !== controller && !(against === "both" && controller !== "none")) continue;
    test(titleOf(mode, each), async () => {
      const { ours, theirs } = await runBoth(each, surroundings());
      // An error is one line, and one more that says what to do.
      const [error] = /^error: [\s\S]*$/m.exec(ours.stderr) ?? [];
      if (error !== undefined) assert.match(error, /^error: .+\nhint: .+\n$/);
      // What was to be sealed or opened stands in no message.
      assert.doesNotMatch(ours.stderr, /hunter2|aHVudGVyMg/);
      const tell = (id: AutomaticDifference) => void shown.add(id);
      assertAlike(each, normalise(ours, tell), normalise(theirs, tell));
    });
  }
}

/** Names the scenarios and weaknesses too, so that each is found among the tests by its number. */
function titleOf(mode: Mode, { name, proves = [] }: DifferentialCase): string {
  return `${mode}: ${name}${proves.length === 0 ? "" : ` (${proves.join(", ")})`}`;
}

/** Declares the last test: differences that are taken out of every case showed in one of those before it. */
export function declareShown(expected: readonly AutomaticDifference[]): void {
  test(`${expected.join(", ")} still show`, () => {
    assert.deepEqual(
      expected.filter((id) => !shown.has(id)),
      [],
    );
  });
}
