import assert from "node:assert/strict";
import { test } from "node:test";
import { SEALING_KEY_ANNOTATION } from "../../shared/resource.ts";
import { readSealingKeyHint, writeSealingKeyHint } from "../../shared/sealing-key-hint.ts";

const read = (text: string | null, items: string[]) =>
  Object.fromEntries(
    readSealingKeyHint(text === null ? undefined : { [SEALING_KEY_ANNOTATION]: text }, items),
  );

test("one fingerprint stands for every item", () => {
  assert.deepEqual(read("SHA256:one", ["a", "b"]), { a: "SHA256:one", b: "SHA256:one" });
});

test("a map names the key of each item, and of no other", () => {
  const text = '{"a":"SHA256:one","gone":"SHA256:two"}';
  assert.deepEqual(read(text, ["a", "b"]), { a: "SHA256:one" });
});

test("what cannot be read is no hint", () => {
  for (const text of [null, "", "{", '{"a":1}', "{}", '{"__proto__":"x"}']) {
    assert.deepEqual(read(text, ["a"]), {}, String(text));
  }
});

test("the hint is short when every item shares its key, and a sorted map else", () => {
  const write = (hint: Record<string, string>, items: string[]) =>
    writeSealingKeyHint(new Map(Object.entries(hint)), items);
  assert.equal(write({ a: "one", b: "one" }, ["b", "a"]), "one");
  assert.equal(write({ b: "two", a: "one" }, ["b", "a"]), '{"a":"one","b":"two"}');
  // An item of which nothing is known must not be claimed along with the others.
  assert.equal(write({ a: "one" }, ["a", "b"]), '{"a":"one"}');
  assert.equal(write({ gone: "one" }, ["a"]), null);
  assert.equal(write({}, []), null);
});
