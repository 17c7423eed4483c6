import assert from "node:assert/strict";
import { LeaderElection } from "../../../controller/runtime/leader-election.ts";
import { NotLeadingError } from "../../../controller/runtime/term.ts";
import { UsageError } from "../../../shared/errors.ts";
import { coverageTable } from "../../support/coverage-table.ts";
import { FakeClock, settle } from "../../support/fake-clock.ts";
import { ElectionScene, untilOver } from "./election-scene.ts";

const table = coverageTable({
  first: "the first one leads at once",
  waits: "a second one waits, and sees who leads",
  successor: "when a leader falls silent another takes over, not before the lease duration",
  "own-clock": "what the record says of time does not count",
  "longer-duration": "a holder with a longer duration is waited for as long as it says",
  "renewal-keeps": "renewing keeps what is not ours to change",
  "take-over": "taking over counts a transition and keeps the rest",
  "release-order": "the lease is given back after the work has ended, and the next one leads soon",
  "release-conflict": "giving back survives a change in between, and takes nothing from a successor",
  "release-bound": "giving back to a dead API server ends within seconds",
  "work-ends": "run ends with the work of a leader, well or not",
  "next-term": "the next term begins when the work of the last has ended",
  stop: "a candidate that is stopped ends at once; one that was just taking over gives back",
  changes: "each change of the holder is told once",
  silence: "a loop that tries is not silent, one whose work does not end is",
  times: "times that do not fit together are refused",
});

table.proves("first", "the first one takes the lease at once", async () => {
  const scene = new ElectionScene();
  const a = await scene.start("a");
  assert.equal(a.leads, true);
  assert.equal(a.election.holder, "a");
  assert.equal(a.term.holds(), true);
  assert.deepEqual(scene.server.lease?.metadata, {
    ...{ namespace: "ns", name: "lease", uid: "uid-0", resourceVersion: "1", managedFields: [] },
  });
  assert.deepEqual(scene.server.spec, {
    leaseTransitions: 0,
    holderIdentity: "a",
    leaseDurationSeconds: 15,
    acquireTime: "2030-01-01T00:00:00.000001Z",
    renewTime: "2030-01-01T00:00:00.000001Z",
  });
});

table.proves("waits", "a second one waits while the first renews", async () => {
  const scene = new ElectionScene();
  const a = await scene.start("a");
  const b = await scene.start("b");
  await scene.advance(600_000);
  assert.deepEqual([a.leads, a.terms.length, a.term.signal.aborted], [true, 1, false]);
  assert.deepEqual([b.leads, b.terms.length, b.election.holder], [false, 0, "a"]);
  assert.deepEqual([...a.errors, ...b.errors], []);
  const writes = scene.server.requests.filter(({ method }) => method !== "GET");
  assert.equal(writes.length, 1 + 600 / 2);
});

table.proves("successor", "a silent leader has a successor after the lease duration", async () => {
  for (const silentFrom of [0, 500, 1999]) {
    const scene = new ElectionScene();
    const a = await scene.start("a");
    const b = await scene.start("b");
    await scene.advance(20_000 + silentFrom);
    a.clock.pause();
    const lastRenewalMs = scene.server.requests.findLast(({ method }) => method === "PUT")?.atMs ?? 0;
    await scene.until(() => b.leads);
    const waitedMs = scene.time.monotonic() - lastRenewalMs;
    assert.ok(waitedMs >= 15_000 && waitedMs <= 17_300, `${waitedMs}`);
    assert.equal(a.term.holds(), false);
  }
});

table.proves("own-clock", "a wall clock hours off neither hastens nor hinders", async () => {
  for (const [skewOfA, skewOfB] of [
    [0, 5],
    [0, -5],
    [5, 0],
    [-5, 0],
  ] as const) {
    const scene = new ElectionScene();
    const a = await scene.start("a");
    a.clock.wallSkewMs = skewOfA * 3_600_000;
    const b = await scene.start("b");
    b.clock.wallSkewMs = skewOfB * 3_600_000;
    await scene.advance(100_000);
    assert.deepEqual([a.leads, b.leads], [true, false]);
    a.clock.pause();
    const tookMs = await scene.until(() => b.leads);
    assert.ok(tookMs > 12_000 && tookMs < 17_300, `${tookMs}`);
  }
});

table.proves("longer-duration", "a holder's own longer duration is waited out, up to an hour", async () => {
  for (const [seconds, waitMs] of [
    [60, 60_000],
    [5, 15_000],
    [2 ** 31 - 1, 3_600_000],
  ] as const) {
    const scene = new ElectionScene();
    scene.server.put({ holderIdentity: "x", leaseDurationSeconds: seconds });
    const b = await scene.start("b");
    const tookMs = await scene.until(() => b.leads, 4_000_000);
    assert.ok(tookMs >= waitMs && tookMs < waitMs + 300, `${seconds}: ${tookMs}`);
  }
});

table.proves(
  "renewal-keeps",
  "renewing keeps begin, transitions, annotations, labels and unknown fields",
  async () => {
    const scene = new ElectionScene();
    scene.server.put({
      holderIdentity: "",
      leaseDurationSeconds: 1,
      leaseTransitions: 6,
      strategy: "Oldest",
    });
    scene.server.edit({}, { "example.com/note": "x" });
    await scene.start("a");
    const before = scene.server.spec;
    await scene.advance(9_000);
    const renewals = scene.server.requests.filter(({ method }) => method === "PUT");
    assert.deepEqual(
      renewals.map(({ atMs, status }) => [atMs, status]),
      [0, 2000, 4000, 6000, 8000].map((atMs) => [atMs, 200]),
    );
    const { renewTime, ...kept } = scene.server.spec;
    assert.deepEqual({ ...kept, renewTime: before["renewTime"] }, before);
    assert.equal(kept["strategy"], "Oldest");
    assert.equal(renewTime, "2030-01-01T00:00:08.000005Z");
    assert.equal(scene.server.annotations["example.com/note"], "x");
    assert.equal(renewals.at(-1)?.body?.metadata["managedFields"], undefined);
  },
);

table.proves("take-over", "taking over counts one transition and begins anew", async () => {
  const scene = new ElectionScene();
  const a = await scene.start("a");
  const b = await scene.start("b");
  await a.term.annotate({ "signet.dev/k": "v" });
  a.clock.pause();
  await scene.until(() => b.leads);
  const { holderIdentity, leaseTransitions, acquireTime, renewTime } = scene.server.spec;
  assert.deepEqual([holderIdentity, leaseTransitions], ["b", 1]);
  assert.equal(acquireTime, renewTime);
  assert.notEqual(acquireTime, "2030-01-01T00:00:00.000001Z");
  assert.deepEqual(b.term.annotations, { "signet.dev/k": "v" });
  a.clock.resume();
  await scene.until(() => a.election.holder === "b");
  b.clock.pause();
  await scene.until(() => a.leads);
  assert.equal(scene.server.spec["leaseTransitions"], 2);
});

table.proves("release-order", "the lease is given back after the work has ended", async () => {
  const scene = new ElectionScene();
  let endedAtMs = -1;
  const a = await scene.start("a", {
    work: async (term, { clock }) => {
      await untilOver(term);
      await clock.sleep(3_000);
      endedAtMs = clock.monotonic();
    },
  });
  const b = await scene.start("b");
  await scene.advance(5_000);
  a.stop();
  assert.equal(a.term.holds(), false);
  assert.equal(a.leads, false);
  await scene.advance(2_999);
  assert.equal(scene.server.spec["holderIdentity"], "a");
  await scene.advance(1);
  await a.ended;
  assert.equal(endedAtMs, 8_000);
  const release = scene.server.requests.findLast(({ from }) => from === "a");
  const at = "2030-01-01T00:00:08.000004Z";
  assert.deepEqual(release?.body?.["spec"], {
    ...{ leaseTransitions: 0, holderIdentity: "", leaseDurationSeconds: 1, acquireTime: at, renewTime: at },
  });
  assert.equal(a.election.holder, null);
  assert.ok((await scene.until(() => b.leads)) <= 2_000);
});

table.proves("release-conflict", "giving back goes by what stands there", async () => {
  const scene = new ElectionScene();
  const a = await scene.start("a");
  await scene.advance(1_000);
  scene.server.edit({}, { "example.com/note": "x" });
  a.stop();
  await scene.advance(1_000);
  await a.ended;
  assert.equal(scene.server.spec["holderIdentity"], "");
  assert.equal(scene.server.annotations["example.com/note"], "x");

  const c = await scene.start("c");
  scene.server.edit({ holderIdentity: "d" });
  c.stop();
  await scene.advance(1_000);
  await c.ended;
  assert.equal(scene.server.spec["holderIdentity"], "d");

  const other = new ElectionScene();
  const e = await other.start("e");
  other.server.remove();
  e.stop();
  await other.advance(1_000);
  await e.ended;
  assert.equal(other.server.lease, null);
});

table.proves("release-bound", "giving back ends within seconds, with or without an answer", async () => {
  for (const fault of [{ lost: "request" }, { status: 500 }, { lost: "answer" }] as const) {
    const scene = new ElectionScene();
    const a = await scene.start("a");
    scene.server.fault({ ...fault, method: "PUT" });
    a.stop();
    await scene.advance(3_000);
    await a.ended;
    assert.equal(a.errors.length, 1);
  }
});

table.proves("work-ends", "run ends with the work: its error comes out after the release", async () => {
  const scene = new ElectionScene();
  const failing = await scene.start("a", {
    work: async (_term, { clock }) => {
      await clock.sleep(3_000);
      throw new Error("the work failed");
    },
  });
  await scene.advance(3_000);
  await assert.rejects(failing.ended, { message: "the work failed" });
  assert.equal(scene.server.spec["holderIdentity"], "");
  assert.equal(failing.term.holds(), false);

  const done = await scene.start("b", { work: async () => undefined });
  await done.ended;
  assert.equal(scene.server.spec["holderIdentity"], "");

  // Work that was refused because the term was over is no failure: another term may come.
  const refused = await scene.start("c", {
    work: async (term) => {
      await untilOver(term);
      throw new NotLeadingError();
    },
  });
  scene.server.edit({ holderIdentity: "x" });
  await scene.until(() => refused.terms.length === 2);
  refused.stop();
  await scene.advance(1_000);
  await refused.ended;
});

table.proves(
  "next-term",
  "work that is slow to end holds up the next term, not the end of this one",
  async () => {
    const scene = new ElectionScene();
    let working = 0;
    const a = await scene.start("a", {
      work: async (term, { clock }) => {
        working += 1;
        assert.equal(working, 1);
        await untilOver(term);
        await clock.sleep(60_000);
        working -= 1;
      },
    });
    scene.server.edit({ holderIdentity: "x" });
    await scene.until(() => a.term.signal.aborted);
    await scene.advance(59_000);
    assert.equal(a.terms.length, 1);
    await scene.until(() => a.terms.length === 2);
  },
);

table.proves("stop", "a candidate that is stopped leaves no lease behind", async () => {
  const scene = new ElectionScene();
  await scene.start("a");
  const b = await scene.start("b");
  b.stop();
  await settle();
  await b.ended;
  assert.equal(b.terms.length, 0);

  const other = new ElectionScene();
  other.server.fault({ method: "POST", answerDelayMs: 1_000 });
  const c = await other.start("c");
  c.stop();
  await other.advance(1_000);
  await c.ended;
  assert.equal(c.terms.length, 0);
  assert.equal(other.server.spec["holderIdentity"], "");
});

table.proves("changes", "each change of who leads is told once", async () => {
  const scene = new ElectionScene();
  const a = await scene.start("a");
  const b = await scene.start("b");
  await scene.advance(10_000);
  a.stop();
  await scene.until(() => b.leads);
  await scene.advance(10_000);
  assert.deepEqual(a.changes, [
    { leading: true, holder: "a" },
    { leading: false, holder: "a" },
    { leading: false, holder: null },
  ]);
  assert.deepEqual(b.changes.at(0), { leading: false, holder: "a" });
  assert.deepEqual(b.changes.at(-1), { leading: true, holder: "b" });
  assert.ok(b.changes.length <= 3);
});

table.proves("silence", "silence is told from work", async () => {
  const scene = new ElectionScene();
  const a = await scene.start("a", {
    work: async (term, { clock }) => {
      await untilOver(term);
      await clock.sleep(100_000);
    },
  });
  const b = await scene.start("b");
  const longest = async (forMs: number) => {
    let most = [0, 0];
    for (let ms = 0; ms < forMs; ms += 500) {
      await scene.advance(500);
      most = [a, b].map(({ election }, index) => Math.max(most[index] ?? 0, election.silentMs));
    }
    return most;
  };
  for (const silentMs of await longest(60_000)) assert.ok(silentMs <= 2_000, `${silentMs}`);
  scene.server.fault({ lost: "request" });
  const [leader = 0, candidate = 0] = await longest(60_000);
  // Requests that hang for 5 s, and pauses of up to half the lease duration between them.
  assert.ok(candidate <= 5_000 + 15_000, `${candidate}`);
  assert.ok(leader > 40_000, `${leader}`);
  b.stop();
  await scene.advance(10_000);
  await b.ended;
  await scene.advance(60_000);
  assert.equal(b.election.silentMs, 0);
});

table.proves("times", "times by which two could lead are refused", async () => {
  const scene = new ElectionScene();
  const options = {
    ...{
      client: scene.server.client("a"),
      clock: new FakeClock(),
      namespace: "ns",
      name: "l",
      identity: "a",
    },
    ...{ leaseDurationMs: 15_000, renewDeadlineMs: 10_000, retryPeriodMs: 2_000 },
  };
  for (const wrong of [
    { leaseDurationMs: 10_000 },
    { renewDeadlineMs: 2_400 },
    { leaseDurationMs: 3_600_001 },
  ])
    assert.throws(() => new LeaderElection({ ...options, ...wrong }), UsageError);
});

table.everyRowHasATest();
