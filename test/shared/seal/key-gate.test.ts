import assert from "node:assert/strict";
import { beforeEach, suite, test } from "node:test";
import fc from "fast-check";
import { type GateChange, KeyGates } from "../../../shared/seal/key-gate.ts";
import { KeyServiceError, type KeyServiceFault } from "../../../shared/seal/key-service-error.ts";
import { settle } from "../../support/fake-clock.ts";
import { serviceFault } from "../../support/memory-kms.ts";
import { signal } from "../../support/remote-values.ts";

let nowMs = 0;
let random = 0;
let changes: GateChange[] = [];
let calls = 0;
let gates = newGates();

function newGates(): KeyGates {
  return new KeyGates({ now: () => nowMs, random: () => random, onChange: (change) => changes.push(change) });
}

beforeEach(() => {
  [nowMs, random, calls, changes] = [0, 0, 0, []];
  gates = newGates();
});

/** A call that is answered, or fails with that. */
function pass(outcome: Error | null, { key = "k", user = "", by = "team" } = {}): Promise<string> {
  return gates.pass(
    { key, user, by },
    async () => {
      calls++;
      if (outcome !== null) throw outcome;
      return "answer";
    },
    signal,
  );
}

/** The fault that a call ended with, and the ms to wait that came with it. */
async function faultOf(call: Promise<unknown>): Promise<[KeyServiceFault, number | null]> {
  const error = await call.then(
    () => assert.fail("it was answered"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof KeyServiceError);
  return [error.fault, error.retryAfterMs];
}

suite("the gate of a key", () => {
  for (const fault of ["unavailable", "throttled", "credentials"] as const) {
    test(`${fault}: closed for a second and more, then open when it works again`, async () => {
      assert.deepEqual(await faultOf(pass(serviceFault(fault))), [fault, 1000]);
      nowMs = 999;
      assert.deepEqual(await faultOf(pass(null)), [fault, 1]);
      assert.equal(calls, 1);
      nowMs = 1000;
      assert.equal(await pass(null), "answer");
      assert.equal(gates.closed, 0);
      assert.deepEqual(changes, [
        { key: "k", state: "closed", fault, waitMs: 1000 },
        { key: "k", state: "open" },
      ]);
    });
  }

  test("waits double up to five minutes, and begin anew once it worked", async () => {
    const waits: (number | null)[] = [];
    for (const chance of [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0.999]) {
      random = chance;
      const [, waitMs] = await faultOf(pass(serviceFault("unavailable")));
      waits.push(waitMs);
      nowMs += waitMs ?? 0;
    }
    assert.deepEqual(
      waits,
      [1000, 2000, 4000, 8000, 16_000, 32_000, 64_000, 128_000, 150_000, 150_000, 299_850],
    );
    await pass(null);
    random = 0;
    assert.deepEqual(await faultOf(pass(serviceFault("unavailable"))), ["unavailable", 1000]);
  });

  test("chance lengthens a wait up to its double", async () => {
    random = 0.5;
    assert.deepEqual(await faultOf(pass(serviceFault("unavailable"))), ["unavailable", 1500]);
  });

  test("the service's own word on when to come back is kept to, up to five minutes", async () => {
    const saying = (retryAfterMs: number) => pass(serviceFault("throttled", "slow down", retryAfterMs));
    assert.deepEqual(await faultOf(saying(20_000)), ["throttled", 20_000]);
    nowMs = 20_000;
    assert.deepEqual(await faultOf(saying(1)), ["throttled", 2000]);
    nowMs = 22_000;
    assert.deepEqual(await faultOf(saying(86_400_000)), ["throttled", 300_000]);
  });

  for (const fault of ["denied", "unusable"] as const) {
    test(`${fault}: closed for half a minute, each time`, async () => {
      for (let round = 0; round < 3; round++) {
        assert.deepEqual(await faultOf(pass(serviceFault(fault))), [fault, 30_000]);
        nowMs += 29_999;
        assert.deepEqual(await faultOf(pass(null)), [fault, 1]);
        nowMs += 1;
      }
      assert.equal(calls, 3);
      assert.deepEqual(await Promise.all([pass(null), pass(null)]), ["answer", "answer"]);
    });
  }

  for (const fault of ["not-allowed", "misused"] as const) {
    test(`${fault} is about the one call: the gate stays open`, async () => {
      assert.deepEqual(await faultOf(pass(serviceFault(fault))), [fault, null]);
      assert.equal(await pass(null), "answer");
    });
  }

  test("what no service threw passes through, and is no reason to close", async () => {
    const bug = new TypeError("a bug");
    await assert.rejects(pass(bug), bug);
    assert.equal(gates.closed, 0);
  });

  test("keys have gates of their own", async () => {
    await faultOf(pass(serviceFault("unavailable"), { key: "a" }));
    assert.equal(await pass(null, { key: "b" }), "answer");
  });

  test("a denial holds off whom it is about, and nobody else", async () => {
    await faultOf(pass(serviceFault("denied"), { user: "team-a" }));
    assert.equal(await pass(null, { user: "team-b" }), "answer");
    assert.deepEqual(await faultOf(pass(null, { user: "team-a" })), ["denied", 30_000]);
  });

  test("an outage holds off everybody", async () => {
    await faultOf(pass(serviceFault("unavailable"), { user: "team-a" }));
    assert.deepEqual(await faultOf(pass(null, { user: "team-b" })), ["unavailable", 1000]);
  });

  test("a denial whose time is over is no news while the key is held off for all", async () => {
    await faultOf(pass(serviceFault("denied"), { user: "team-a" }));
    nowMs = 29_999;
    await faultOf(pass(serviceFault("unavailable"), { user: "team-b" }));
    nowMs = 30_000;
    assert.deepEqual(await faultOf(pass(null, { user: "team-a" })), ["unavailable", 999]);
    assert.deepEqual(
      changes.map(({ state }) => state),
      ["closed", "closed"],
    );
  });

  test("of many calls that fail together, one counts", async () => {
    const { promise, reject } = Promise.withResolvers<string>();
    const all = Array.from({ length: 20 }, () =>
      faultOf(gates.pass({ key: "k", user: "", by: "team" }, () => promise, signal)),
    );
    await settle();
    reject(serviceFault("unavailable"));
    assert.deepEqual(new Set((await Promise.all(all)).map(String)), new Set(["unavailable,1000"]));
    assert.equal(changes.length, 1);
  });

  test("an answer to a call from before the outage opens nothing", async () => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const slow = gates.pass({ key: "k", user: "", by: "team" }, () => promise, signal);
    await faultOf(pass(serviceFault("unavailable")));
    resolve("late");
    assert.equal(await slow, "late");
    assert.deepEqual(await faultOf(pass(null)), ["unavailable", 1000]);
  });

  test("what does not admit a call ends it, and tells nothing of the key", async () => {
    const enough = serviceFault("throttled", "no more", 5000);
    const admit = () => {
      throw enough;
    };
    const refused = () => gates.pass({ key: "k", user: "", by: "team", admit }, () => pass(null), signal);
    await assert.rejects(refused(), enough);
    assert.equal(gates.closed, 0);
    await faultOf(pass(serviceFault("unavailable")));
    assert.deepEqual(await faultOf(refused()), ["unavailable", 1000], "nobody is asked while it is closed");
    nowMs = 1000;
    await assert.rejects(refused(), enough);
    assert.equal(calls, 1);
    assert.equal(await pass(null), "answer", "another goes first");
  });
});

suite("where there are too many gates", () => {
  /** Has a tenant close so many of his own. */
  async function flood(fault: KeyServiceFault, count: number, by = "flood"): Promise<void> {
    for (let at = 0; at < count; at++)
      await faultOf(pass(serviceFault(fault), { key: `${by}-${fault}-${at}`, by }));
  }
  const isHeldOff = async (key: string, by: string) => {
    const before = calls;
    await pass(null, { key, by }).catch(() => undefined);
    return calls === before;
  };

  test("they do not grow without bound; which are forgotten is told, and not as opened", async () => {
    await flood("unusable", 1010);
    assert.equal(gates.closed, 1000);
    const told = changes.filter(({ state }) => state !== "closed");
    assert.equal(told.length, 10);
    assert.deepEqual(told[0], { key: "flood-unusable-0", state: "forgotten" });
  });

  test("refusals go first, then those of whom has most", async () => {
    await faultOf(pass(serviceFault("unavailable"), { key: "real", by: "team" }));
    await faultOf(pass(serviceFault("unusable"), { key: "gone", by: "team" }));
    await flood("unusable", 1000);
    assert.ok(await isHeldOff("real", "team"));
    assert.ok(await isHeldOff("gone", "team"), "a refusal of somebody who has few");
    await flood("unavailable", 1100);
    assert.equal(gates.closed, 1000);
    assert.ok(await isHeldOff("real", "team"));
    assert.ok(!(await isHeldOff("gone", "team")));
  });

  test("whoever closed it himself cannot have a gate forgotten that others have met", async () => {
    await faultOf(pass(serviceFault("unavailable"), { key: "shared", by: "flood" }));
    await faultOf(pass(null, { key: "shared", by: "team" }));
    nowMs = 1000;
    await faultOf(pass(serviceFault("unavailable"), { key: "shared", by: "flood" }));
    await flood("unavailable", 1100);
    assert.ok(await isHeldOff("shared", "team"));
    await flood("throttled", 1, "other");
    assert.equal(gates.closed, 1000);
  });
});

suite("when the time is over", () => {
  /** Closes the gate and waits its time out. */
  async function halfOpen(): Promise<void> {
    await faultOf(pass(serviceFault("unavailable")));
    nowMs = 1000;
    calls = 0;
  }

  /** Goes first, and is answered when the test says. */
  function goFirst(by = signal) {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const begin = () => {
      calls++;
      return promise;
    };
    const call = gates.pass({ key: "k", user: "", by: "team" }, begin, by);
    return { call, resolve, reject };
  }

  test("one goes first; when it is answered, all go", async () => {
    await halfOpen();
    const first = goFirst();
    const others = Promise.all([pass(null), pass(null), pass(null)]);
    await settle();
    assert.equal(calls, 1);
    first.resolve("first");
    assert.deepEqual([await first.call, await others], ["first", ["answer", "answer", "answer"]]);
    assert.equal(calls, 4);
  });

  test("one goes first; when it fails, none goes", async () => {
    await halfOpen();
    const first = goFirst();
    const others = Promise.all([faultOf(pass(null)), faultOf(pass(null))]);
    await settle();
    first.reject(serviceFault("throttled"));
    assert.deepEqual(await faultOf(first.call), ["throttled", 2000]);
    assert.deepEqual(await others, [
      ["throttled", 2000],
      ["throttled", 2000],
    ]);
    assert.equal(calls, 1);
  });

  test("a refusal of the one that goes first is an answer: the others are asked for", async () => {
    await halfOpen();
    const first = goFirst();
    const other = pass(null);
    await settle();
    first.reject(serviceFault("misused"));
    assert.deepEqual(await faultOf(first.call), ["misused", null]);
    assert.equal(await other, "answer");
  });

  test("when the one that goes first is given up, the next goes first", async () => {
    await halfOpen();
    const ending = new AbortController();
    const gone = new Error("gone");
    const first = goFirst(ending.signal);
    const others = [pass(null), pass(null)];
    await settle();
    first.reject(gone);
    ending.abort(gone);
    await assert.rejects(first.call, gone);
    assert.deepEqual(await Promise.all(others), ["answer", "answer"]);
  });

  test("whoever waits for it can go away", async () => {
    await halfOpen();
    const first = goFirst();
    const ending = new AbortController();
    const gone = new Error("gone");
    const waiting = gates.pass({ key: "k", user: "", by: "team" }, async () => "never", ending.signal);
    ending.abort(gone);
    await assert.rejects(waiting, gone);
    first.resolve("first");
    await first.call;
  });
});

test("whatever happens: no call while closed, one at a time while half open, and it recovers", async () => {
  const step = fc.record({
    waitMs: fc.integer({ min: 0, max: 4000 }),
    begin: fc.nat(3),
    end: fc.nat(3),
    fails: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 1, maxLength: 25 }),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      async (steps, chance) => {
        [nowMs, random, changes] = [0, chance, []];
        gates = newGates();
        const underWay: { settle: (fails: boolean) => void }[] = [];
        let state: { untilMs: number; probes: number } | null = null;
        let seen = 0;
        const follow = () => {
          for (const change of changes.slice(seen))
            state = change.state === "closed" ? { untilMs: nowMs + change.waitMs, probes: 0 } : null;
          seen = changes.length;
        };
        const begin = () => {
          const asked = gates.pass(
            { key: "k", user: "", by: "team" },
            () => {
              follow();
              if (state !== null) {
                assert.ok(nowMs >= state.untilMs, "called while closed");
                assert.equal(state.probes++, 0, "two calls while half open");
              }
              const { promise, resolve, reject } = Promise.withResolvers<string>();
              underWay.push({
                settle: (fails) => (fails ? reject(serviceFault("unavailable")) : resolve("answer")),
              });
              return promise;
            },
            signal,
          );
          asked.catch(() => undefined);
        };
        for (const { waitMs, begin: many, end, fails } of steps) {
          nowMs += waitMs;
          for (let count = 0; count < many; count++) begin();
          await settle();
          for (const call of underWay.splice(0, end)) call.settle(fails);
          await settle();
          follow();
        }
        for (const call of underWay.splice(0)) call.settle(false);
        await settle();
        for (const call of underWay.splice(0)) call.settle(false);
        nowMs += 300_000;
        const last = gates.pass({ key: "k", user: "", by: "team" }, async () => "answer", signal);
        assert.equal(await last, "answer");
        assert.equal(gates.closed, 0);
      },
    ),
    { numRuns: 150 },
  );
});
