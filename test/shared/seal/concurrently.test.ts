import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { runAtMost } from "../../../shared/seal/concurrently.ts";
import { settle } from "../../support/fake-clock.ts";

/** Works that tell when they begin and how many are under way. */
function works(count: number, outcome: (at: number) => boolean = () => true) {
  const begun: number[] = [];
  let [atATime, most] = [0, 0];
  const all = Array.from({ length: count }, (_, at) => async () => {
    begun.push(at);
    most = Math.max(most, ++atATime);
    try {
      await settle();
      return outcome(at);
    } finally {
      atATime--;
    }
  });
  return { all, begun, most: () => most, underWay: () => atATime };
}

suite("works side by side", () => {
  test("so many at a time, in their order, all of them", async () => {
    const { all, begun, most } = works(10);
    await runAtMost(3, all);
    assert.deepEqual([begun, most()], [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 3]);
  });

  test("none at all", async () => {
    await runAtMost(3, []);
  });

  test("one that answers false is the last to be begun", async () => {
    const { all, begun } = works(10, (at) => at !== 1);
    await runAtMost(2, all);
    assert.deepEqual(begun, [0, 1, 2]);
  });

  test("one that fails is, too; those under way are waited for, and its error is thrown", async () => {
    const failed = new Error("failed");
    const { all, begun, underWay } = works(10, (at) => {
      if (at < 2) throw failed;
      return true;
    });
    await assert.rejects(runAtMost(3, all), failed);
    assert.deepEqual([underWay(), begun.length <= 4], [0, true]);
  });
});
