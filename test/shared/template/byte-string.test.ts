import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  byteStringToText,
  encodeRune,
  fromByteString,
  runeCount,
  runesOf,
  toByteString,
  utf8ToByteString,
} from "../../../shared/template/byte-string.ts";

test("bytes come back from a byte string as they were", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20_000, size: "max" }), (bytes) => {
      assert.deepEqual([...fromByteString(toByteString(bytes))], [...bytes]);
    }),
    { numRuns: 20 },
  );
});

test("text in UTF-8 comes back as it was", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const well = text.toWellFormed();
      assert.equal(byteStringToText(utf8ToByteString(well)), well);
      assert.equal(runeCount(utf8ToByteString(well)), [...well].length);
    }),
  );
});

// Code points and widths as Go's range over a string gives them.
const decoded: readonly (readonly [string, readonly (readonly [number, number])[]])[] = [
  [
    "a\xc3\xa9",
    [
      [0x61, 1],
      [0xe9, 2],
    ],
  ],
  ["\xe6\x97\xa5", [[0x65e5, 3]]],
  ["\xf0\x9f\x98\x80", [[0x1f600, 4]]],
  ["\xff", [[0xfffd, 1]]],
  ["\xc3", [[0xfffd, 1]]],
  [
    "\xe6\x97",
    [
      [0xfffd, 1],
      [0xfffd, 1],
    ],
  ],
  [
    "\xe6\x97a",
    [
      [0xfffd, 1],
      [0xfffd, 1],
      [0x61, 1],
    ],
  ],
  [
    "\xc0\x80",
    [
      [0xfffd, 1],
      [0xfffd, 1],
    ],
  ],
  [
    "\xe0\x80\x80",
    [
      [0xfffd, 1],
      [0xfffd, 1],
      [0xfffd, 1],
    ],
  ],
  [
    "\xed\xa0\x80",
    [
      [0xfffd, 1],
      [0xfffd, 1],
      [0xfffd, 1],
    ],
  ],
  [
    "\xf4\x90\x80\x80",
    [
      [0xfffd, 1],
      [0xfffd, 1],
      [0xfffd, 1],
      [0xfffd, 1],
    ],
  ],
  [
    "\xf0\x80\x80\x80",
    [
      [0xfffd, 1],
      [0xfffd, 1],
      [0xfffd, 1],
      [0xfffd, 1],
    ],
  ],
  ["\xef\xbf\xbd", [[0xfffd, 3]]],
];
for (const [text, expected] of decoded) {
  test(`decodes ${Buffer.from(text, "latin1").toString("hex")}`, () => {
    assert.deepEqual(
      [...runesOf(text)].map(({ point, width }) => [point, width]),
      expected,
    );
  });
}

test("what is no code point is written as U+FFFD", () => {
  for (const point of [-1, 0xd800, 0xdfff, 0x110000]) assert.equal(encodeRune(point), "\xef\xbf\xbd");
  assert.equal(encodeRune(0x20ac), "\xe2\x82\xac");
});
