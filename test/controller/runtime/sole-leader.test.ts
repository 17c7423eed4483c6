import assert from "node:assert/strict";
import { test } from "node:test";
import { soleLeader } from "../../../controller/runtime/sole-leader.ts";
import { NotLeadingError } from "../../../controller/runtime/term.ts";
import { untilOver } from "./election-scene.ts";

test("who runs alone has one term that lasts as long as it runs", async () => {
  const election = soleLeader();
  const stopping = new AbortController();
  let terms = 0;
  assert.deepEqual([election.leading, election.holder, election.silentMs], [false, null, 0]);
  const running = election.run(async (term) => {
    terms += 1;
    assert.equal(term.signal, stopping.signal);
    assert.equal(term.holds(), true);
    await term.annotate({ a: "1", b: "1" });
    await term.annotate({ b: "2" });
    assert.deepEqual(term.annotations, { a: "1", b: "2" });
    await untilOver(term);
  }, stopping.signal);
  assert.equal(election.leading, true);
  stopping.abort();
  await running;
  assert.deepEqual([terms, election.leading], [1, false]);
});

test("what its work throws ends the run, unless it was refused at the end", async () => {
  const election = soleLeader();
  const { signal } = new AbortController();
  await assert.rejects(
    election.run(async () => Promise.reject(new Error("the work failed")), signal),
    { message: "the work failed" },
  );
  assert.equal(election.leading, false);
  const stopping = new AbortController();
  await election.run(async () => {
    stopping.abort();
    throw new NotLeadingError();
  }, stopping.signal);
  await assert.rejects(
    election.run(async () => Promise.reject(new NotLeadingError()), signal),
    NotLeadingError,
  );
});

test("stopped before it began it does nothing", async () => {
  await soleLeader().run(async () => assert.fail("it began"), AbortSignal.abort());
});
