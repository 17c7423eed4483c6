import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonText } from "../../cli/json-text.ts";

test("JSON reports hold nothing that a terminal obeys or that turns letters around, and lose nothing", () => {
  const all = String.fromCharCode(...Array(0x2100).keys());
  const report = { [all]: [all], plain: "Zoë" };
  const text = jsonText(report);
  assert.deepEqual(JSON.parse(text), report);
  assert.doesNotMatch(text.replaceAll("\n", ""), /[\p{Cc}\p{Bidi_Control}]/u);
  assert.equal(jsonText({ a: "Zoë\u202e\u009b" }), '{\n  "a": "Zoë\\u202e\\u009b"\n}\n');
});
