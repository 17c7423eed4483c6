import assert from "node:assert/strict";
import { LeaseForbiddenError } from "../../../controller/runtime/lease-client.ts";
import { NotLeadingError } from "../../../controller/runtime/term.ts";
import { KubeApiError, KubeUnreachableError } from "../../../shared/kube/api-error.ts";
import { coverageTable } from "../../support/coverage-table.ts";
import { ElectionScene } from "./election-scene.ts";
import type { LeaseFault } from "./lease-server.ts";

const table = coverageTable({
  forbidden: "a missing right is told once, with the way out, and waited for",
  refusals: "404, 429, 500 and lost requests are told and tried again",
  "retry-after": "what the server asks to wait counts, within bounds",
  "passing-fault": "a leader that cannot renew for a while goes on",
  deadline: "at the deadline the term is over, not before and not after",
  "slow-renewal": "a slow renewal counts from its start",
  "late-renewal": "a renewal that is answered after the deadline does not revive the term",
  return: "when the server is back, who led leads again without a wait",
  "lost-answer": "a lease that was taken without an answer is known as ours",
  conflict: "somebody touches the lease while we lead: it is read again and renewed",
  "endless-conflict": "conflicts without end are tries that failed",
  "paused-process": "a process that was stopped knows that it is over before it does anything",
  "suspended-machine": "so does a machine that slept, whose monotonic clock stood still",
  "wall-clock-set":
    "a wall clock set back changes nothing, one set forward ends the term without a successor",
  "edited-holder": "another holder put there by hand ends the term at once and lets nobody in early",
  "edited-empty": "a holder taken away by hand ends the term, too, and lets nobody in early",
  "our-name": "our name put there by hand is not a lease of ours",
  "old-state": "an old state of the cluster that names us is not a lease of ours",
  deleted: "a deleted lease is made anew by who leads, with its annotations, and waited for by others",
  "deleted-late": "a lease that is gone after the deadline is nobody's",
  malformed: "a garbled lease is waited out",
  annotate: "annotations are written in turn with renewals and lose nothing",
  "annotate-lost": "annotations are refused when somebody else leads",
  "annotate-fault": "a failed annotation is told and leaves the term as it is",
});

table.proves("forbidden", "a missing right is told once", async () => {
  for (const [method, right, moment] of [
    ["GET", "get", "at a start"],
    ["POST", "create", "at a start"],
    ["PUT", "update", "later"],
  ] as const) {
    const scene = new ElectionScene();
    const grant = scene.server.fault({ method, status: 403 });
    const a = await scene.start("a");
    assert.equal(a.leads, moment === "later");
    await scene.advance(moment === "later" ? 9_000 : 100_000);
    assert.equal(a.errors.length, 1, method);
    const [error] = a.errors;
    assert.ok(error instanceof LeaseForbiddenError);
    assert.match(error.message, /^cannot (get|create|update) leases "lease" in namespace "ns"/);
    assert.ok(error.hint.includes(`grant ${right} on leases`) && error.hint.includes("--leader-elect=false"));
    assert.ok(scene.server.requests.length > 4);
    grant();
    await scene.until(() => a.leads);
    assert.equal(a.errors.length, 1);
    await scene.advance(5_000);
    scene.server.fault({ method: "PUT", status: 403 });
    await scene.until(() => a.errors.length === 2);
  }
});

table.proves("refusals", "a candidate tries again whatever is answered", async () => {
  for (const fault of [
    { method: "POST", status: 404 },
    { status: 429 },
    { status: 500 },
    { method: "POST", status: 422 },
    { lost: "request" },
  ] satisfies LeaseFault[]) {
    const scene = new ElectionScene();
    const mend = scene.server.fault(fault);
    const a = await scene.start("a");
    await scene.advance(60_000);
    assert.ok(a.errors.length >= 4 && a.errors.length <= 20, `${a.errors.length}`);
    assert.ok(a.errors.every((error) => error instanceof (fault.lost ? KubeUnreachableError : KubeApiError)));
    // Doubling, up to the lease duration; half of it is random.
    assert.deepEqual(a.waits.slice(0, 5), [1_000, 2_000, 4_000, 7_500, 7_500]);
    mend();
    assert.ok((await scene.until(() => a.leads)) <= 15_000);
  }
});

table.proves("retry-after", "Retry-After is kept, but nothing keeps a leader from its deadline", async () => {
  const scene = new ElectionScene();
  const mend = scene.server.fault({ status: 429, retryAfterSeconds: 9, times: 2 });
  const a = await scene.start("a");
  await scene.advance(18_000);
  assert.deepEqual(a.waits, [9_000, 9_000]);
  mend();
  assert.equal(a.leads, true);
  scene.server.fault({ status: 429, retryAfterSeconds: 3_600, times: 3 });
  await scene.advance(60_000);
  assert.deepEqual(a.waits.slice(2), [2_000, 2_000, 2_000]);
  assert.equal(a.terms.length, 1);
});

table.proves("passing-fault", "a leader outlasts faults that are shorter than the deadline", async () => {
  for (const fault of [
    { status: 500, times: 6 },
    { lost: "request", times: 1 },
    { lost: "answer", times: 1 },
    { method: "PUT", answerDelayMs: 4_000, times: 20 },
  ] satisfies LeaseFault[]) {
    const scene = new ElectionScene();
    const a = await scene.start("a");
    scene.server.fault(fault);
    await scene.advance(120_000);
    assert.deepEqual([a.leads, a.terms.length], [true, 1], JSON.stringify(fault));
  }
});

table.proves(
  "deadline",
  "the term ends with the deadline, counted from the last renewal's start",
  async () => {
    const scene = new ElectionScene();
    const a = await scene.start("a");
    await scene.advance(7_000);
    // Renewed at 6 s.
    scene.server.fault({ lost: "request" });
    await scene.advance(8_999);
    assert.deepEqual([a.term.holds(), a.term.signal.aborted], [true, false]);
    await scene.advance(1);
    assert.deepEqual([a.term.signal.aborted, a.term.holds(), a.leads], [true, false, false]);
    assert.ok(a.term.signal.reason instanceof NotLeadingError);
  },
);

table.proves("slow-renewal", "a renewal that took 4 s is worth 6 s more", async () => {
  const scene = new ElectionScene();
  const a = await scene.start("a");
  scene.server.fault({ method: "PUT", answerDelayMs: 4_000, times: 1 });
  // Sent at 2 s, answered at 6 s.
  await scene.advance(4_000);
  scene.server.fault({ lost: "request" });
  await scene.advance(7_999);
  assert.equal(a.term.holds(), true);
  await scene.advance(1);
  assert.equal(a.term.holds(), false);
});

table.proves("slow-renewal", "so does the request that began the term", async () => {
  const scene = new ElectionScene();
  scene.server.fault({ method: "POST", answerDelayMs: 4_000, times: 1 });
  const a = await scene.start("a");
  await scene.advance(4_000);
  assert.equal(a.leads, true);
  scene.server.fault({ lost: "request" });
  await scene.advance(5_999);
  assert.equal(a.term.holds(), true);
  await scene.advance(1);
  assert.equal(a.term.holds(), false);
});

table.proves(
  "late-renewal",
  "an answer after the deadline comes too late, though nobody had asked",
  async () => {
    const scene = new ElectionScene();
    const a = await scene.start("a");
    await scene.advance(1_000);
    scene.server.fault({ method: "PUT", times: 1, answerDelayMs: 1_000 });
    const refused = assert.rejects(a.term.annotate({ "signet.dev/k": "v" }), NotLeadingError);
    // The answer is there when the process is let run again; so are all its timers.
    a.clock.pause();
    await scene.advance(9_500);
    a.clock.resume();
    await refused;
    assert.equal(a.term.signal.aborted, true);
    assert.equal(scene.server.annotations["signet.dev/k"], "v");
  },
);

table.proves("return", "after an outage the last leader goes on at once", async () => {
  for (const fault of [{ lost: "request" }, { lost: "answer" }, { status: 503 }] as const) {
    const scene = new ElectionScene();
    const a = await scene.start("a");
    const b = await scene.start("b");
    await scene.advance(5_000);
    const mend = scene.server.fault(fault);
    await scene.until(() => a.term.signal.aborted);
    await scene.advance(600_000);
    assert.deepEqual([a.terms.length, b.terms.length], [1, 0]);
    mend();
    await scene.until(() => a.leads || b.leads);
    await scene.advance(60_000);
    assert.equal(a.terms.length + b.terms.length, 2);
    assert.equal(scene.server.spec["leaseTransitions"], a.leads ? 0 : 1);
  }
});

table.proves("lost-answer", "a lease taken without an answer is taken up at the next look", async () => {
  for (const method of ["POST", "PUT"] as const) {
    const scene = new ElectionScene();
    if (method === "PUT") scene.server.put({ holderIdentity: "", leaseDurationSeconds: 1 });
    scene.server.fault({ method, lost: "answer", times: 1 });
    const a = await scene.start("a");
    assert.equal(scene.server.spec["holderIdentity"], "a");
    assert.ok((await scene.until(() => a.leads)) <= 5_000 + 2_000);
  }
});

table.proves("conflict", "a touched lease is read again and renewed at once", async () => {
  const scene = new ElectionScene();
  const a = await scene.start("a");
  for (let ms = 0; ms < 60_000; ms += 500) {
    scene.server.edit({}, { [`example.com/${ms}`]: "x" });
    await scene.advance(500);
  }
  assert.deepEqual([a.leads, a.terms.length, a.errors.length], [true, 1, 0]);
  assert.equal(Object.keys(scene.server.annotations).length, 120);
});

table.proves("endless-conflict", "a server that always answers 409 is no reason to hurry", async () => {
  const scene = new ElectionScene();
  const a = await scene.start("a");
  scene.server.fault({ method: "PUT", status: 409 });
  await scene.advance(9_000);
  assert.ok(a.errors.length >= 3 && scene.server.requests.length < 80);
  await scene.until(() => a.term.signal.aborted);
});

table.proves("paused-process", "a process that was stopped finds its term over", async () => {
  for (const [pausedMs, survives] of [
    [7_000, true],
    [10_000, false],
    [20_000, false],
  ] as const) {
    const scene = new ElectionScene();
    const a = await scene.start("a");
    const b = await scene.start("b");
    await scene.advance(2_500);
    a.clock.pause();
    await scene.advance(pausedMs);
    // Asked by a write that was about to be sent: no timer has run since.
    assert.equal(a.term.holds(), survives);
    a.clock.resume();
    await scene.advance(100);
    assert.equal(a.term.signal.aborted, !survives);
    assert.equal(b.leads, pausedMs > 15_000);
    await scene.advance(60_000);
    assert.equal(Number(a.leads) + Number(b.leads), 1);
  }
});

table.proves(
  "suspended-machine",
  "the wall clock tells of a sleep that the monotonic one missed",
  async () => {
    const scene = new ElectionScene();
    const a = await scene.start("a");
    const b = await scene.start("b");
    await scene.advance(2_500);
    a.clock.suspend();
    await scene.advance(20_000);
    assert.deepEqual([b.leads, a.term.holds()], [true, false]);
  },
);

table.proves("wall-clock-set", "a wall clock that is set harms nobody", async () => {
  const scene = new ElectionScene();
  const a = await scene.start("a");
  const b = await scene.start("b");
  await scene.advance(4_500);
  a.clock.wallSkewMs -= 3_600_000;
  await scene.advance(60_000);
  assert.deepEqual([a.leads, a.terms.length], [true, 1]);
  scene.server.fault({ from: "a", lost: "request", times: 1 });
  await scene.advance(7_900);
  // Forth and back before anybody looked.
  a.clock.wallSkewMs += 7_200_000;
  a.clock.wallSkewMs -= 7_200_000;
  assert.equal(a.term.holds(), true);
  a.clock.wallSkewMs += 3_600_000;
  assert.equal(a.term.holds(), false);
  a.clock.wallSkewMs -= 3_600_000;
  assert.equal(a.term.holds(), false);
  await scene.until(() => a.leads);
  assert.deepEqual([a.terms.length, b.terms.length], [2, 0]);
  assert.equal(scene.server.spec["leaseTransitions"], 0);
});

table.proves("wall-clock-set", "a wall clock set back prolongs nothing", async () => {
  const scene = new ElectionScene();
  const a = await scene.start("a");
  await scene.advance(7_000);
  // Renewed at 6 s.
  scene.server.fault({ lost: "request" });
  a.clock.wallSkewMs -= 3_600_000;
  await scene.advance(8_999);
  assert.equal(a.term.holds(), true);
  await scene.advance(1);
  assert.equal(a.term.holds(), false);
});

table.proves("edited-holder", "another holder ends the term at the next renewal", async () => {
  const scene = new ElectionScene();
  const a = await scene.start("a");
  const b = await scene.start("b");
  await scene.advance(4_500);
  scene.server.edit({ holderIdentity: "x" });
  const tookMs = await scene.until(() => a.term.signal.aborted);
  assert.equal(tookMs, 1_500);
  assert.deepEqual([a.errors.length, a.election.holder], [0, "x"]);
  const waitedMs = tookMs + (await scene.until(() => a.leads || b.leads));
  assert.ok(waitedMs >= 15_000, `${waitedMs}`);
});

table.proves("edited-empty", "a holder taken away by hand is not a lease given back", async () => {
  for (const spec of [
    { holderIdentity: "" },
    { holderIdentity: null },
    { leaseDurationSeconds: 1, holderIdentity: "x" },
  ]) {
    const scene = new ElectionScene();
    const a = await scene.start("a");
    const b = await scene.start("b");
    await scene.advance(4_500);
    scene.server.edit(spec);
    await scene.until(() => a.term.signal.aborted);
    await scene.advance(12_000);
    assert.deepEqual([a.terms.length, b.terms.length], [1, 0]);
    await scene.until(() => a.leads || b.leads);
  }
});

table.proves("our-name", "a candidate whose name was put there waits like all others", async () => {
  const scene = new ElectionScene();
  const a = await scene.start("a");
  const b = await scene.start("b");
  await scene.advance(4_500);
  scene.server.edit({ holderIdentity: "b" });
  await scene.advance(14_900);
  assert.deepEqual([a.leads, b.leads, b.terms.length], [false, false, 0]);
  await scene.until(() => a.leads || b.leads);
});

table.proves("old-state", "a lease of an earlier term that is back is waited out", async () => {
  const scene = new ElectionScene();
  const a = await scene.start("a");
  const b = await scene.start("b");
  await scene.advance(4_500);
  const backup = scene.server.spec;
  a.clock.pause();
  await scene.until(() => b.leads);
  a.clock.resume();
  await scene.until(() => a.election.holder === "b");
  scene.server.edit(backup);
  await scene.until(() => b.term.signal.aborted);
  await scene.advance(12_000);
  assert.deepEqual([a.terms.length, b.terms.length], [1, 1]);
});

table.proves("deleted", "a deleted lease is made anew by who leads", async () => {
  const scene = new ElectionScene();
  const a = await scene.start("a");
  const b = await scene.start("b");
  await a.term.annotate({ "signet.dev/k": "v" });
  await scene.advance(4_500);
  scene.server.remove();
  await scene.advance(60_000);
  assert.deepEqual([a.leads, a.terms.length, b.terms.length, a.errors.length], [true, 1, 0, 0]);
  assert.deepEqual(scene.server.annotations, { "signet.dev/k": "v" });
  assert.notEqual(scene.server.lease?.metadata.uid, "uid-0");

  // Somebody new finds no lease and is quicker than the leader.
  scene.server.remove();
  const c = await scene.start("c");
  await scene.until(() => a.term.signal.aborted);
  assert.deepEqual([a.terms.length, c.leads], [1, true]);
});

table.proves("deleted-late", "without an answer until the deadline a deleted lease is given up", async () => {
  const scene = new ElectionScene();
  const a = await scene.start("a");
  const b = await scene.start("b");
  await scene.advance(4_500);
  scene.server.remove();
  scene.server.fault({ from: "a", lost: "request" });
  await scene.until(() => a.term.signal.aborted);
  assert.deepEqual([scene.server.lease, b.leads], [null, false]);
  const tookMs = await scene.until(() => b.leads);
  assert.ok(tookMs >= 4_000 && tookMs < 10_000, `${tookMs}`);
});

table.proves("malformed", "a garbled lease is waited out, whatever it says", async () => {
  for (const spec of [
    null,
    {},
    "text",
    [1],
    { holderIdentity: 7, leaseDurationSeconds: "x", leaseTransitions: "y", acquireTime: 1, renewTime: {} },
    { holderIdentity: "", leaseDurationSeconds: -1, leaseTransitions: -5 },
    { holderIdentity: "x", leaseTransitions: 2 ** 31 - 1, renewTime: "9999-12-31T23:59:59.999999Z" },
    { holderIdentity: "x", renewTime: "0001-01-01T00:00:00.000000Z", leaseDurationSeconds: 1.5 },
  ]) {
    const scene = new ElectionScene();
    scene.server.put(spec);
    const a = await scene.start("a");
    const tookMs = await scene.until(() => a.leads);
    assert.ok(tookMs >= 15_000 && tookMs < 15_500, `${JSON.stringify(spec)}: ${tookMs}`);
    assert.ok([0, 1].includes(Number(scene.server.spec["leaseTransitions"])));
    assert.deepEqual(a.errors, []);
    await scene.advance(10_000);
    assert.equal(a.leads, true);
  }
  // Garbled while somebody leads.
  const scene = new ElectionScene();
  const a = await scene.start("a");
  scene.server.put({});
  await scene.until(() => a.term.signal.aborted);
});

table.proves("annotate", "annotations and renewals never undo one another", async () => {
  const scene = new ElectionScene();
  const a = await scene.start("a");
  scene.server.fault({ method: "PUT", delayMs: 300, answerDelayMs: 300, times: 40 });
  const writing: Promise<void>[] = [];
  for (let index = 0; index < 10; index++) {
    writing.push(a.term.annotate({ [`signet.dev/${index}`]: "v" }));
    scene.server.edit({}, { [`example.com/${index}`]: "v" });
    await scene.advance(800);
  }
  await scene.advance(10_000);
  await Promise.all(writing);
  assert.equal(Object.keys(scene.server.annotations).length, 20);
  assert.deepEqual(a.term.annotations, scene.server.annotations);
  assert.deepEqual([a.leads, a.terms.length, a.errors.length], [true, 1, 0]);

  // It renews, too: the deadline counts from its start.
  const other = new ElectionScene();
  const b = await other.start("b");
  await other.advance(1_500);
  await b.term.annotate({ "signet.dev/k": "v" });
  other.server.fault({ lost: "request" });
  await other.advance(9_999);
  assert.equal(b.term.holds(), true);
  await other.advance(1);
  assert.equal(b.term.holds(), false);
});

table.proves("annotate-lost", "annotations of who does not lead are refused", async () => {
  const scene = new ElectionScene();
  const a = await scene.start("a");
  scene.server.edit({ holderIdentity: "x" });
  await assert.rejects(a.term.annotate({ "signet.dev/k": "v" }), NotLeadingError);
  assert.equal(a.term.signal.aborted, true);
  assert.equal(scene.server.annotations["signet.dev/k"], undefined);
  const sent = scene.server.requests.length;
  await assert.rejects(a.term.annotate({ "signet.dev/k": "v" }), NotLeadingError);
  assert.equal(scene.server.requests.length, sent);

  const other = new ElectionScene();
  const b = await other.start("b");
  other.server.fault({ method: "PUT", delayMs: 1_000 });
  const writing = b.term.annotate({ "signet.dev/k": "v" });
  writing.catch(() => undefined);
  b.stop();
  await other.advance(10_000);
  await assert.rejects(writing, NotLeadingError);
  await b.ended;
  assert.equal(other.server.spec["holderIdentity"], "");
});

table.proves("annotate-fault", "a failed annotation is its caller's, and can be tried again", async () => {
  const scene = new ElectionScene();
  const a = await scene.start("a");
  scene.server.fault({ method: "PUT", status: 500, times: 1 });
  await assert.rejects(a.term.annotate({ "signet.dev/k": "v" }), KubeApiError);
  scene.server.fault({ method: "PUT", lost: "answer", times: 1 });
  const lost = assert.rejects(a.term.annotate({ "signet.dev/k": "v" }), KubeUnreachableError);
  await scene.advance(5_000);
  await lost;
  await a.term.annotate({ "signet.dev/k": "v" });
  assert.deepEqual(a.term.annotations, { "signet.dev/k": "v" });
  await scene.advance(30_000);
  assert.deepEqual([a.terms.length, a.term.holds()], [1, true]);
});

table.everyRowHasATest();
