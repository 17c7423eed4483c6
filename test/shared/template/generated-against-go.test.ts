import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { templateArbitrary } from "../../support/template-arbitrary.ts";
import { compareWithGo, difference } from "../../support/template-comparison.ts";

// Fixed, so that a failure is one everybody sees; change it to look for more.
const seed = 20_240_229;
const count = 2_000;

test("templates made by a grammar render as Go renders them", async () => {
  const sources = fc.sample(templateArbitrary, { seed, numRuns: count });
  const compared = await compareWithGo(sources.map((source, at) => ({ place: `template ${at}`, source })));
  const different = compared.map(difference).filter((text) => text !== null);
  // The shortest says most.
  different.sort((a, b) => a.length - b.length);
  assert.deepEqual(different.slice(0, 3), [], `${different.length} of ${count} differ`);
  const succeeding = compared.filter(({ go }) => "output" in go).length;
  assert.ok(
    succeeding > count / 2,
    `only ${succeeding} of ${count} succeed: the grammar has become too wild`,
  );
});
