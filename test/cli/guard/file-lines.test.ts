import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FileLines } from "../../../cli/guard/file-lines.ts";
import { positionOf } from "../../../shared/document/syntax-error.ts";

test("lines are those that errors name", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", "\n", "\r\n"), maxLength: 20 }),
      fc.nat(24),
      (text, place) => {
        const lines = new FileLines(text);
        // Between CR and LF nothing begins.
        const at = text.slice(0, place).endsWith("\r") ? place - 1 : Math.min(place, text.length);
        assert.equal(lines.indexOf(at) + 1, positionOf(text, at).line);
        assert.deepEqual(lines.texts, text.split(/\r\n|\n/));
      },
    ),
  );
});
