import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { successorName } from "../../../shared/seal/successor-name.node.ts";

const succession = fc.record({
  cluster: fc.option(fc.string()),
  predecessor: fc.option(fc.string()),
  counter: fc.nat(30),
});

test("a name is the prefix and five letters or digits as the API server generates them", () => {
  fc.assert(
    fc.property(succession, (of) => {
      assert.match(
        successorName("sealed-secrets-key", of),
        /^sealed-secrets-key[bcdfghjklmnpqrstvwxz2456789]{5}$/,
      );
    }),
  );
});

test("the same key has one successor, whoever asks", () => {
  fc.assert(
    fc.property(succession, (of) => assert.equal(successorName("p", of), successorName("p", { ...of }))),
  );
});

test("another key, cluster or counter makes another name", () => {
  const of = { cluster: "c", predecessor: "SHA256:a", counter: 0 };
  const names = [
    of,
    { ...of, predecessor: "SHA256:b" },
    { ...of, predecessor: null },
    { ...of, predecessor: "" },
    { ...of, cluster: "d" },
    { ...of, cluster: null },
    { ...of, counter: 1 },
    { cluster: "SHA256:a", predecessor: "c", counter: 0 },
  ].map((one) => successorName("p", one));
  assert.equal(new Set(names).size, names.length);
});

test("names do not change between versions: replicas of two versions run side by side during an upgrade", () => {
  assert.equal(successorName("p", { cluster: "c", predecessor: null, counter: 0 }), "ptdvbp");
  assert.equal(successorName("p", { cluster: null, predecessor: "SHA256:a", counter: 1 }), "p76wl6");
});
