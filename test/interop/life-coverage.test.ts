import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { keys } from "../../cli/commands/keys.ts";
import { DeclaredTests } from "../support/shown-by.ts";
import { lifeRows } from "./life-rows.ts";

const declared = new DeclaredTests();

suite("what stands in the way of commands on keys and sealed files", () => {
  for (const [command, cells] of Object.entries(lifeRows))
    for (const [trouble, shownBy] of Object.entries(cells)) {
      const isSaid = typeof shownBy === "string";
      test(`${command}, ${trouble}${isSaid ? `: ${shownBy}` : ""}`, async () => {
        if (isSaid) assert.match(shownBy, /^it asks no cluster/);
        else assert.deepEqual(await declared.problemsOf(shownBy), []);
      });
    }
});

test("every action on keys has its row", () => {
  const rows = Object.keys(lifeRows).flatMap((row) => row.match(/^keys (\S+)$/)?.[1] ?? []);
  assert.deepEqual([...rows].sort(), [...(keys.words ?? [])].sort());
});
