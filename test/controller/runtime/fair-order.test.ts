import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { FairOrder } from "../../../controller/runtime/fair-order.ts";
import type { Priority } from "../../../controller/runtime/ready-order.ts";

const groupOf = (key: string) => key.slice(0, key.indexOf("/"));

/** @param waiting keys in the order in which they are put, `r:` before those to resync: `a/1 r:a/2`. */
function orderOf(waiting: string, mostInHand = 1_000): FairOrder {
  const order = new FairOrder({ groupOf, mostInHand });
  put(order, waiting);
  return order;
}

function put(order: FairOrder, waiting: string): void {
  for (const word of waiting.split(" ").filter((word) => word !== "")) {
    if (word.startsWith("r:")) order.put(word.slice(2), "resync");
    else order.put(word, "new");
  }
}

/** Takes so many keys, or all that may be taken, written as `orderOf` reads them. */
function takeSome(order: FairOrder, most = Number.POSITIVE_INFINITY): string {
  const taken: string[] = [];
  while (taken.length < most) {
    const next = order.take();
    if (next === null) break;
    taken.push(`${next.priority === "resync" ? "r:" : ""}${next.key}`);
  }
  return taken.join(" ");
}

describe("fair order", () => {
  for (const [what, waiting, taken] of [
    ["nothing waits", "", ""],
    ["one group: first come, first served", "a/1 a/2 a/3", "a/1 a/2 a/3"],
    [
      "groups take turns, in the order in which they came",
      "a/1 a/2 a/3 c/1 b/1 b/2",
      "a/1 c/1 b/1 a/2 b/2 a/3",
    ],
    ["so they do at resync", "r:a/1 r:a/2 r:b/1 r:b/2", "r:a/1 r:b/1 r:a/2 r:b/2"],
    ["inside a group new goes before resync", "r:a/1 a/2 r:a/3 a/4", "a/2 a/4 r:a/1 r:a/3"],
    ["across groups, too", "r:a/1 r:b/1 c/1 c/2 b/2", "c/1 b/2 c/2 r:a/1 r:b/1"],
    ["a key waits once", "a/1 a/2 a/1 r:a/1", "a/1 a/2"],
    ["a raise counts and joins the end; nothing is lowered", "r:a/1 r:a/2 a/3 a/1 r:a/1", "a/3 a/1 r:a/2"],
    [
      "every eighth is a resync while there are some, the oldest of the group whose turn it is",
      "a/1 a/2 a/3 a/4 a/5 a/6 a/7 a/8 a/9 r:b/1 r:b/2 r:a/0",
      "a/1 a/2 a/3 a/4 a/5 a/6 a/7 r:b/1 a/8 a/9 r:a/0 r:b/2",
    ],
  ] as const)
    test(what, () => {
      const order = orderOf(waiting);
      const count = taken === "" ? 0 : taken.split(" ").length;
      assert.equal(order.size, count);
      assert.equal(takeSome(order), taken);
      assert.deepEqual([order.size, order.take()], [0, null]);
    });

  test("a resync that comes during a flood is the next or one of the next seven", () => {
    const flood = Array.from({ length: 30 }, (_, i) => `a/${i}`).join(" ");
    const order = orderOf(flood);
    assert.doesNotMatch(takeSome(order, 10), /r:/);
    put(order, "r:b/1 r:b/2");
    assert.equal(takeSome(order, 9), "r:b/1 a/10 a/11 a/12 a/13 a/14 a/15 a/16 r:b/2");
  });

  test("a group that comes anew waits for one key of each other group, however many those have", () => {
    const order = orderOf("a/1 a/2 a/3 a/4 b/1 b/2 b/3 b/4");
    assert.equal(takeSome(order, 1), "a/1");
    put(order, "z/1");
    assert.equal(takeSome(order, 3), "b/1 a/2 z/1");
  });

  test("no group has more in hand than it may, even alone; what is handed back makes room", () => {
    const order = orderOf("a/1 a/2 a/3 a/4 r:a/5", 2);
    assert.equal(takeSome(order), "a/1 a/2");
    assert.equal(order.size, 3);
    put(order, "b/1 r:b/2 b/3");
    assert.equal(takeSome(order), "b/1 b/3");
    order.done("a/2");
    assert.equal(takeSome(order), "a/3");
    order.done("a/1");
    order.done("b/3");
    assert.equal(takeSome(order), "a/4 r:b/2");
    order.done("a/3");
    assert.equal(takeSome(order), "r:a/5");
    for (const key of ["a/4", "a/5", "b/1", "b/2"]) order.done(key);
    put(order, "a/1 a/2 a/3 b/1");
    assert.equal(takeSome(order), "a/1 b/1 a/2");
  });

  test("a group whose turn comes at its limit has it when a key is handed back, once", () => {
    const order = orderOf("a/1 a/2 a/3 b/1 b/2", 1);
    assert.equal(takeSome(order), "a/1 b/1");
    put(order, "c/1 c/2 d/1");
    order.done("a/1");
    order.done("b/1");
    assert.equal(takeSome(order), "b/2 a/2 c/1 d/1");
    order.done("c/1");
    order.done("a/2");
    assert.equal(takeSome(order), "a/3 c/2");
  });

  test("its own new keys do not cost a group its turn at resync", () => {
    const order = orderOf("r:a/0 a/1 a/2 a/3 a/4 a/5 a/6 a/7 a/8 r:b/0", 1);
    let taken = "";
    for (let i = 0; i < 8; i++) {
      taken = takeSome(order, 1);
      order.done(taken.replace("r:", ""));
    }
    assert.equal(taken, "r:a/0");
  });

  test("the last resync of a group at its limit is raised: there is no turn left to owe", () => {
    const order = orderOf("a/1 r:a/2", 1);
    assert.equal(takeSome(order), "a/1");
    put(order, "a/2");
    order.done("a/1");
    assert.equal(takeSome(order), "a/2");
    order.done("a/2");
    assert.deepEqual([takeSome(order), order.size], ["", 0]);
  });

  test("a limit below one is one", () => {
    assert.equal(takeSome(orderOf("a/1 a/2 b/1", -1)), "a/1 b/1");
  });

  test("a resync does not count while its group is at its limit", () => {
    const order = orderOf("a/1 r:a/2 b/1 b/2 b/3 b/4 b/5 b/6 b/7 b/8 b/9", 9);
    for (const key of ["a/3", "a/4", "a/5", "a/6", "a/7", "a/8", "a/9", "a/10"]) order.put(key, "new");
    takeSome(order, 7);
    assert.equal(takeSome(order, 1), "r:a/2");
    const full = orderOf("a/1", 1);
    takeSome(full);
    put(full, "r:a/2 b/1");
    assert.equal(takeSome(full), "b/1");
  });
});

type Step =
  | { kind: "put"; key: string; priority: Priority }
  | { kind: "take" }
  | { kind: "done"; nth: number };

const aStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("put" as const),
      // Few groups have most of the keys.
      key: fc.tuple(fc.nat(25), fc.nat(12)).map(([g, n]) => `${g > 20 ? g - 20 : 0}/${n}`),
      priority: fc.constantFrom<Priority>("new", "resync"),
    }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: "take" as const }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("done" as const), nth: fc.nat(20) }) },
);

describe("fair order, whatever is asked of it", () => {
  test("nothing is lost or handed out twice, limits hold, every eighth is a resync, and who may be taken is", () => {
    fc.assert(
      fc.property(
        fc.array(aStep, { maxLength: 300 }),
        fc.integer({ min: 1, max: 4 }),
        (steps, mostInHand) => {
          const order = new FairOrder({ groupOf, mostInHand });
          const waiting = new Map<string, Priority>();
          const inHand: string[] = [];
          const heldBy = (group: string) => inHand.filter((key) => groupOf(key) === group).length;
          const takeable = (kind: Priority) =>
            [...waiting].some(([key, priority]) => priority === kind && heldBy(groupOf(key)) < mostInHand);
          let newInARow = 0;
          for (const step of steps) {
            if (step.kind === "put") {
              if (inHand.includes(step.key)) continue;
              order.put(step.key, step.priority);
              if (waiting.get(step.key) !== "new") waiting.set(step.key, step.priority);
            } else if (step.kind === "done") {
              const [key] = inHand.splice(step.nth, 1);
              if (key !== undefined) order.done(key);
            } else {
              const [fresh, resync] = [takeable("new"), takeable("resync")];
              const next = order.take();
              assert.equal(next !== null, fresh || resync);
              if (next === null) continue;
              assert.equal(waiting.get(next.key), next.priority);
              // New first, unless seven went before a resync that might have been taken.
              assert.equal(next.priority, fresh && !(resync && newInARow >= 7) ? "new" : "resync");
              newInARow = next.priority === "new" ? newInARow + 1 : 0;
              waiting.delete(next.key);
              inHand.push(next.key);
              assert.ok(heldBy(groupOf(next.key)) <= mostInHand);
            }
            assert.equal(order.size, waiting.size);
          }
        },
      ),
    );
  });

  test("no key waits longer than the bound, in hand-outs, while others flood the queue", () => {
    const aKey = fc.tuple(fc.nat(4), fc.nat(9)).map(([group, n]) => `${group}/k${n}`);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(aKey, fc.constantFrom<Priority>("new", "resync")), { minLength: 1, maxLength: 40 }),
        fc.infiniteStream(fc.tuple(fc.nat(4), fc.constantFrom<Priority>("new", "new", "new", "resync"))),
        (first, flood) => {
          const order = new FairOrder({ groupOf, mostInHand: 1 });
          for (const [key, priority] of first) order.put(key, priority);
          const watched = new Map<string, Priority>();
          for (const [key, priority] of first) if (watched.get(key) !== "new") watched.set(key, priority);
          /** At most so many groups have keys of either kind. */
          const groups = 5;
          const bounds = new Map<string, number>();
          const places = new Map<string, number>();
          const raised = first.filter(([key, priority]) => priority === watched.get(key));
          for (const [key, priority] of raised) {
            if (bounds.has(key)) continue;
            const place = (places.get(`${priority} ${groupOf(key)}`) ?? 0) + 1;
            places.set(`${priority} ${groupOf(key)}`, place);
            bounds.set(key, priority === "new" ? Math.ceil((8 / 7) * place * groups) : 8 * place * groups);
          }
          const latest = Math.max(...bounds.values());
          for (let handOuts = 1; handOuts <= latest; handOuts++) {
            // Three fresh keys for each that is taken; they never become watched ones.
            for (let i = 0; i < 3; i++) {
              const { value } = flood.next();
              if (value !== undefined) order.put(`${value[0]}/f${handOuts}-${i}`, value[1]);
            }
            const next = order.take();
            assert.ok(next !== null);
            order.done(next.key);
            const bound = bounds.get(next.key);
            assert.ok(
              bound === undefined || handOuts <= bound,
              `${next.key} waited ${handOuts}, not ${bound}`,
            );
            bounds.delete(next.key);
          }
          assert.deepEqual([...bounds], []);
        },
      ),
      { numRuns: 60 },
    );
  });
});
