import assert from "node:assert/strict";
import { test } from "node:test";
import { occurrence } from "../../../controller/events/event-object.ts";
import { EventQueue } from "../../../controller/events/event-queue.ts";

const event = (namespace: string, message: string) =>
  occurrence(
    { kind: "SealedSecret", metadata: { namespace, name: "db" } },
    { type: "Normal", reason: "Unsealed", message },
    new Date(0),
  );

/** A queue of so much room with an event for each letter of each word, `namespace:letters`. */
function queued(most: number, ...words: string[]) {
  const queue = new EventQueue(most);
  const taken: boolean[] = [];
  for (const word of words) {
    const [namespace = "", letters = ""] = word.split(":");
    for (const letter of letters) taken.push(queue.put(event(namespace, letter)));
  }
  const all = (): string => {
    const one = queue.take();
    return one === undefined ? "" : one.message + all();
  };
  return { queue, taken, all };
}

test("namespaces take turns, and each has its events in the order in which they came", () => {
  const { queue, all } = queued(100, "a:12345", "b:xyz", "c:!");
  assert.equal(queue.size, 9);
  assert.equal(all(), "1x!2y3z45");
  assert.equal(queue.size, 0);
});

test("without room the namespace that has most loses its newest event, which is none when that is the one that comes", () => {
  const { queue, taken, all } = queued(6, "a:123456", "b:xyz", "a:7", "b:w", "c:!");
  assert.deepEqual(taken.slice(6), [false, false, false, false, false, false]);
  assert.equal(queue.size, 6);
  assert.equal(all(), "1x!2yz");
});

test("what is cleared is counted and gone", () => {
  const { queue, all } = queued(10, "a:123", "b:x");
  assert.equal(queue.clear(), 4);
  assert.equal(queue.size, 0);
  assert.equal(all(), "");
  assert.ok(queue.put(event("a", "4")));
  assert.equal(all(), "4");
});
