import assert from "node:assert/strict";
import { test } from "node:test";
import { readTyped } from "../../cli/typed-secret.ts";

/** What comes of keys that arrive byte by byte, as they may. */
async function typed(keys: string) {
  async function* pieces() {
    for (const byte of Buffer.from(keys)) yield Uint8Array.of(byte);
  }
  return readTyped(pieces());
}

test("a line ends with Enter, Ctrl-D, or the input", async () => {
  for (const end of ["\r", "\n", "\u0004", "", "\rmore"])
    assert.deepEqual(await typed(`open sésame${end}`), { text: "open sésame" });
  assert.deepEqual(await typed("\r"), { text: "" });
});

test("what was typed wrong is taken back by characters, or as a whole", async () => {
  assert.deepEqual(await typed("ab\u007fç\u007fd\b\be\u007f\u007f\u007fx\r"), { text: "x" });
  assert.deepEqual(await typed("wrong\u0015right\r"), { text: "right" });
});

test("Ctrl-C is told, and other control characters count for nothing", async () => {
  assert.equal(await typed("abc\u0003def\r"), "interrupted");
  assert.deepEqual(await typed("a\tb\u0007c\r"), { text: "abc" });
});

test("nobody types for ever", async () => {
  const { text } = (await typed("x".repeat(5000))) as { text: string };
  assert.equal(text.length, 4096);
});
