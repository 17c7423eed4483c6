import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { SingleFlight } from "../../../shared/seal/single-flight.ts";
import { unlessAborted } from "../../../shared/unless-aborted.ts";
import { settle } from "../../support/fake-clock.ts";
import { signal } from "../../support/remote-values.ts";

const gone = new Error("gone");

suite("one work for those who want the same", () => {
  test("is shared while it is under way, and done anew afterwards", async () => {
    const flight = new SingleFlight<number>();
    let works = 0;
    const work = async () => {
      works++;
      await settle();
      return works;
    };
    const both = [
      flight.run("a", work, signal),
      flight.run("a", work, signal),
      flight.run("b", work, signal),
    ];
    assert.deepEqual(await Promise.all(both), [2, 2, 2]);
    assert.equal(works, 2);
    assert.equal(await flight.run("a", work, signal), 3);
  });

  test("fails for all, and is tried anew afterwards", async () => {
    const flight = new SingleFlight<string>();
    const failed = new Error("failed");
    const work = async () => {
      await settle();
      throw failed;
    };
    const both = [flight.run("a", work, signal), flight.run("a", work, signal)];
    for (const one of await Promise.allSettled(both))
      assert.equal(one.status === "rejected" && one.reason, failed);
    assert.equal(await flight.run("a", async () => "answer", signal), "answer");
  });

  test("goes on for the others when the one who began goes away", async () => {
    const flight = new SingleFlight<string>();
    const [first, second] = [new AbortController(), new AbortController()];
    const work = (by: AbortSignal) =>
      unlessAborted(
        settle().then(() => "answer"),
        by,
      );
    const begun = flight.run("a", work, first.signal);
    const joined = flight.run("a", work, second.signal);
    first.abort(gone);
    await assert.rejects(begun, gone);
    assert.equal(await joined, "answer");
  });

  test("whoever waits for it can go away", async () => {
    const flight = new SingleFlight<string>();
    const { promise, resolve } = Promise.withResolvers<string>();
    const begun = flight.run("a", () => promise, signal);
    const leaving = new AbortController();
    const joined = flight.run("a", () => promise, leaving.signal);
    leaving.abort(gone);
    await assert.rejects(joined, gone);
    resolve("answer");
    assert.equal(await begun, "answer");
    await assert.rejects(
      flight.run("a", () => promise, AbortSignal.abort(gone)),
      gone,
    );
  });
});
