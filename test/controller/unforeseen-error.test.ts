import assert from "node:assert/strict";
import { test } from "node:test";
import { traceOf } from "../../controller/unforeseen-error.ts";

test("of an error its class and places are told, and no word of its text", () => {
  const secret = 'hunter2\n    at hunter2 (file:///hunter2.ts:1:1)\n"hunter2"';
  const { kind, at } = traceOf(new SyntaxError(secret, { cause: new Error("hunter2") }));
  assert.equal(kind, "SyntaxError");
  assert.match(at[0] ?? "", /unforeseen-error\.test\.ts:\d+:\d+/);
  assert.doesNotMatch(JSON.stringify({ kind, at }), /hunter2/);
});

test("an error without a text has its places too", () => {
  assert.match(traceOf(new TypeError()).at[0] ?? "", /unforeseen-error\.test\.ts/);
});

test("where text and places cannot be told apart, neither is told", () => {
  const edited = new Error("first");
  assert.ok(edited.stack !== undefined);
  edited.message = "second";
  assert.deepEqual(traceOf(edited), { kind: "Error", at: [] });
});

test("what is thrown without being an error is told by its type", () => {
  assert.deepEqual(traceOf("hunter2"), { kind: "string", at: [] });
  assert.deepEqual(traceOf(null), { kind: "object", at: [] });
});
