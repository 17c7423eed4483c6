import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { settle } from "../../support/fake-clock.ts";
import { type Candidate, ElectionScene, type Work } from "./election-scene.ts";
import type { LeaseFault } from "./lease-server.ts";

/** Something that happens at a moment, to a candidate or to the lease. */
type Happening = { afterMs: number; who: number } & (
  | { what: "pause" | "suspend"; forMs: number }
  | { what: "set-clock"; byMs: number }
  | { what: "kill" | "stop" | "replace" | "delete" }
  | { what: "edit"; spec: Record<string, unknown> }
  | { what: "fault"; fault: LeaseFault; everybody: boolean }
);

const duration = fc.integer({ min: 0, max: 40_000 });
const delay = fc.integer({ min: 0, max: 14_000 });
const fault: fc.Arbitrary<LeaseFault> = fc.record(
  {
    method: fc.constantFrom("GET" as const, "POST" as const, "PUT" as const),
    times: fc.integer({ min: 1, max: 6 }),
    status: fc.constantFrom(409, 429, 500),
    delayMs: delay,
    answerDelayMs: delay,
    lost: fc.constantFrom("request" as const, "answer" as const),
  },
  { requiredKeys: ["times"] },
);
const spec = fc.record(
  {
    // Never what who gives back writes: that is a word to be believed.
    holderIdentity: fc.constantFrom("0", "1", "x", null),
    leaseDurationSeconds: fc.integer({ min: 2, max: 20 }),
    renewTime: fc.constantFrom("2020-01-01T00:00:00.000000Z", "2040-01-01T00:00:00.000000Z"),
  },
  { requiredKeys: ["leaseDurationSeconds"] },
);

/** Machines that sleep whose clocks are set back meanwhile, and new candidates amid a deletion by hand, are too much to ask. */
function happenings(clocks: "suspend" | "set-clock", leases: "delete" | "replace") {
  const one = (fields: Record<string, fc.Arbitrary<unknown>>) =>
    fc.record({ afterMs: fc.integer({ min: 0, max: 15_000 }), who: fc.nat(2), ...fields });
  const kinds = [
    one({ what: fc.constant("fault"), fault, everybody: fc.boolean() }),
    one({ what: fc.constant("fault"), fault, everybody: fc.boolean() }),
    one({ what: fc.constant("pause"), forMs: duration }),
    clocks === "suspend"
      ? one({ what: fc.constant("suspend"), forMs: duration })
      : one({ what: fc.constant("set-clock"), byMs: fc.integer({ min: -40_000, max: 40_000 }) }),
    one({ what: fc.constant(leases) }),
    one({ what: fc.constantFrom("kill", "stop") }),
    one({ what: fc.constant("edit"), spec }),
  ];
  return fc.array(fc.oneof(...kinds) as fc.Arbitrary<Happening>, { minLength: 1, maxLength: 14 });
}

const course = fc.record({
  happenings: fc
    .tuple(
      fc.constantFrom("suspend" as const, "set-clock" as const),
      fc.constantFrom("delete" as const, "replace" as const),
    )
    .chain(([clocks, leases]) => happenings(clocks, leases)),
  leaseSeconds: fc.array(fc.constantFrom(11, 15, 20), { minLength: 2, maxLength: 3 }),
  seed: fc.integer(),
  /** Asks every term at every moment; otherwise nobody asks but who works. */
  asks: fc.boolean(),
});

/** Numbers from 0 to below 1, the same for each seed. */
function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

class Course {
  readonly scene = new ElectionScene();
  readonly candidates: Candidate[] = [];
  readonly #random: () => number;
  readonly #asks: boolean;
  /** Who wrote, in order, by term. */
  readonly writes: string[] = [];
  readonly #mends: (() => void)[] = [];
  readonly #wakings: { atMs: number; who: Candidate }[] = [];
  readonly #gone = new Set<Candidate>();
  #deleted = false;

  constructor(seed: number, asks: boolean) {
    this.#random = randomOf(seed);
    this.#asks = asks;
  }

  async start(leaseSeconds: number): Promise<void> {
    const name = `${this.candidates.length}`;
    const work: Work = async (term, candidate) => {
      const label = `${name}/${candidate.terms.length}`;
      while (!term.signal.aborted) {
        if (term.holds()) this.writes.push(label);
        await candidate.clock.sleep(100 + 900 * this.#random(), term.signal).catch(() => undefined);
      }
      await candidate.clock.sleep(3_000 * this.#random());
    };
    const options = { work, random: this.#random, leaseDurationMs: leaseSeconds * 1_000 };
    this.candidates.push(await this.scene.start(name, options));
    this.check();
  }

  check(): void {
    if (!this.#asks) return;
    const leading = this.candidates.filter(({ terms }) => terms.some((term) => term.holds()));
    assert.ok(leading.length <= 1, `${leading.map(({ name }) => name)} lead at once`);
  }

  async pass(ms: number): Promise<void> {
    const { time } = this.scene;
    const endMs = time.monotonic() + ms;
    for (;;) {
      const now = time.monotonic();
      const wakeMs = Math.min(...this.#wakings.map(({ atMs }) => atMs));
      const nextMs = Math.min(endMs, wakeMs, time.nextInMs === null ? endMs : now + time.nextInMs);
      await time.advance(nextMs - now);
      for (const waking of this.#wakings.filter(({ atMs }) => atMs <= nextMs)) {
        this.#wakings.splice(this.#wakings.indexOf(waking), 1);
        if (!this.#gone.has(waking.who)) waking.who.clock.resume();
        await settle();
      }
      this.check();
      if (nextMs >= endMs) return;
    }
  }

  async happen(happening: Happening): Promise<void> {
    const { server, time } = this.scene;
    const who = this.candidates[happening.who % this.candidates.length];
    if (who === undefined) return;
    switch (happening.what) {
      case "pause":
      case "suspend":
        who.clock[happening.what]();
        this.#wakings.push({ atMs: time.monotonic() + happening.forMs, who });
        break;
      case "set-clock":
        who.clock.wallSkewMs += happening.byMs;
        break;
      case "kill":
        who.clock.pause();
        this.#gone.add(who);
        break;
      case "stop":
        who.stop();
        this.#gone.add(who);
        break;
      case "replace":
        await this.start(15);
        break;
      case "delete":
        // Who never saw a lease takes one at once.
        if (!this.#deleted && this.candidates.every(({ changes }) => changes.length > 0)) {
          this.#deleted = true;
          server.remove();
        }
        break;
      case "edit":
        if (server.lease !== null) server.edit(happening.spec);
        break;
      case "fault": {
        const { fault, everybody } = happening;
        this.#mends.push(server.fault(everybody ? fault : { ...fault, from: who.name }));
        break;
      }
    }
  }

  /** Ends all faults; somebody who is left must come to lead and go on. */
  async recover(): Promise<void> {
    for (const mend of this.#mends) mend();
    for (const candidate of this.candidates) if (!this.#gone.has(candidate)) candidate.clock.resume();
    const left = this.candidates.filter((candidate) => !this.#gone.has(candidate));
    if (left.length === 0) return;
    await this.pass(90_000);
    assert.equal(left.filter(({ leads }) => leads).length, 1, "somebody leads after all");
    const terms = left.reduce((sum, candidate) => sum + candidate.terms.length, 0);
    await this.pass(60_000);
    assert.equal(
      left.reduce((sum, candidate) => sum + candidate.terms.length, 0),
      terms,
      "and goes on",
    );
  }

  /** No term writes again after another one has. */
  checkWrites(): void {
    const past = new Set<string>();
    let last = "";
    for (const label of this.writes) {
      if (label === last) continue;
      assert.ok(!past.has(label), `${label} wrote after another one`);
      past.add(label);
      last = label;
    }
  }
}

test("at no moment do two lead, and somebody does in the end", { timeout: 120_000 }, async () => {
  let terms = 0;
  await fc.assert(
    fc.asyncProperty(course, async ({ happenings, leaseSeconds, seed, asks }) => {
      const course = new Course(seed, asks);
      for (const seconds of leaseSeconds) await course.start(seconds);
      for (const happening of happenings) {
        await course.pass(happening.afterMs);
        await course.happen(happening);
        course.check();
      }
      await course.pass(30_000);
      await course.recover();
      course.checkWrites();
      terms += course.candidates.reduce((sum, candidate) => sum + candidate.terms.length, 0);
      for (const candidate of course.candidates) candidate.stop();
    }),
    { numRuns: 100 },
  );
  assert.ok(terms > 120, `${terms} terms: too little happened`);
});
