import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  announceAttempt,
  attemptsOn,
  firstAttempt,
  knownKey,
  recordKnownKey,
} from "../../../controller/keys/sealing-key-record.ts";
import type { Term } from "../../../controller/runtime/term.ts";
import { ElectionScene } from "../runtime/election-scene.ts";

const noneSpent = () => false;

test("what is announced and what is recorded at once do not undo one another", async () => {
  for (const isAnnouncedFirst of [true, false]) {
    const scene = new ElectionScene();
    const { term } = await scene.start("a");
    await recordKnownKey(term, "A");
    await announceAttempt(term, "B", noneSpent);
    const steps = [() => announceAttempt(term, "C", noneSpent), () => recordKnownKey(term, "B")];
    await Promise.all((isAnnouncedFirst ? steps : steps.reverse()).map((step) => step()));
    assert.deepEqual([knownKey(term), attemptsOn(term)], ["B", ["C"]]);
    assert.deepEqual(term.annotations, scene.server.annotations);
  }
});

test("a key that seals and is not recorded yet stays known for made, and names are made as without it", async () => {
  const scene = new ElectionScene();
  const { term } = await scene.start("a");
  await recordKnownKey(term, "A");
  await announceAttempt(term, "B", noneSpent);
  const isMade = (one: string) => one === "B";
  await announceAttempt(term, "C", isMade, "B");
  assert.deepEqual(attemptsOn(term), ["B", "C"]);
  assert.equal(firstAttempt(term), "C");
  await recordKnownKey(term, "B");
  assert.deepEqual([knownKey(term), attemptsOn(term)], ["B", ["C"]]);
  await announceAttempt(term, "D", isMade, "B");
  assert.deepEqual(attemptsOn(term), ["D", "C"]);
});

test("with the key that seals, those that had their time before it without being recorded are struck", async () => {
  const scene = new ElectionScene();
  const { term } = await scene.start("a");
  await recordKnownKey(term, "A");
  await announceAttempt(term, "B", noneSpent);
  await announceAttempt(term, "C", (one) => one === "B", "B");
  const isOver = (one: string) => one === "B";
  await recordKnownKey(term, "C", isOver);
  assert.deepEqual([knownKey(term), attemptsOn(term)], ["C", []]);
  // Of a leader from before, which left it there beside one that is still to be made.
  await announceAttempt(term, "B", noneSpent);
  await announceAttempt(term, "D", noneSpent);
  await recordKnownKey(term, "C", isOver);
  assert.deepEqual([knownKey(term), attemptsOn(term)], ["C", ["D"]]);
});

/** Steps that follow one another, each after so many turns. */
async function lane(turns: readonly number[], step: (at: number) => Promise<void>): Promise<void> {
  for (const [at, count] of turns.entries()) {
    for (let turn = 0; turn < count; turn++) await null;
    await step(at);
  }
}

test("however keys are made and come to seal, the one that seals is no attempt, and each that did not is", async () => {
  const turns = fc.array(fc.nat(40), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(turns, turns, fc.infiniteStream(fc.nat(20)), async (made, sealing, picks) => {
      const scene = new ElectionScene();
      const { term } = await scene.start("a");
      const recorded = new Set<string>();
      const record = async (at: number) => {
        // One of those that are about to be made, or a foreign one.
        const key = attemptsOn(term)[picks.next().value] ?? `foreign-${at}`;
        await recordKnownKey(term, key);
        recorded.add(key);
        requireNoAttempt(term);
      };
      const make = async (at: number) => {
        await announceAttempt(term, `made-${at}`, noneSpent);
        requireNoAttempt(term);
      };
      await Promise.all([lane(made, make), lane(sealing, record)]);
      const open = made.map((_, at) => `made-${at}`).filter((key) => !recorded.has(key));
      assert.deepEqual(attemptsOn(term), open.reverse());
    }),
    { numRuns: 100 },
  );
});

function requireNoAttempt(term: Term): void {
  assert.ok(!attemptsOn(term).includes(knownKey(term) ?? ""), "the key that seals is no attempt");
}
