import assert from "node:assert/strict";
import { test } from "node:test";
import { askedOnce } from "../../cli/asked-once.ts";

test("all have the answer of the first who asked, those who wait for it as well", async () => {
  let count = 0;
  const ask = askedOnce(async () => ++count);
  assert.deepEqual(await Promise.all([ask(), ask()]), [1, 1]);
  assert.equal(await ask(), 1);
});

test("a failure is that of those who waited for it, and the next one asks anew", async () => {
  let count = 0;
  const ask = askedOnce(async () => {
    count++;
    if (count === 1) throw new Error("away");
    return count;
  });
  const first = await Promise.allSettled([ask(), ask()]);
  assert.deepEqual(
    first.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  assert.deepEqual([await ask(), await ask()], [2, 2]);
});

test("an answer that does not last is kept by nobody", async () => {
  let count = 0;
  const ask = askedOnce(
    async () => ++count,
    (answer) => answer > 1,
  );
  assert.deepEqual([await ask(), await ask(), await ask()], [1, 2, 2]);
});
