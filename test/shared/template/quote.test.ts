import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { toByteString, utf8ToByteString } from "../../../shared/template/byte-string.ts";
import { isNewerThanGo } from "../../../shared/template/newer-than-go.ts";
import { canBackquote, isPrint, quoteRune, quoteString } from "../../../shared/template/quote.ts";
import { unquoteChar, unquoteString } from "../../../shared/template/unquote.ts";

suite("quoting", () => {
  test("what is quoted reads back as it was, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.boolean(), (bytes, ascii) => {
        const text = toByteString(bytes);
        assert.equal(unquoteString(quoteString(text, ascii)), text);
      }),
    );
  });

  test("in ASCII alone nothing else appears", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        assert.match(quoteString(toByteString(bytes), true), /^"[ -~]*"$/);
      }),
    );
  });

  const rows: readonly (readonly [string, string])[] = [
    ["\0\x07\x1f\x7f\xff", '"\\x00\\a\\x1f\\x7f\\xff"'],
    ["\u00e9\u00ad\u2028\ufeff\u{1f600}\u{e0001}", '"\u00e9\\u00ad\\u2028\\ufeff\u{1f600}\\U000e0001"'],
    // Assigned in Unicode 16, which Go does not know yet.
    ["\u{1ccf0}\u088f", '"\\U0001ccf0\\u088f"'],
  ];
  for (const [text, quoted] of rows) {
    const bytes = text.includes("\xff") ? text : utf8ToByteString(text);
    test(`quotes ${JSON.stringify(text)}`, () => assert.equal(quoteString(bytes), utf8ToByteString(quoted)));
  }

  test("characters", () => {
    assert.equal(quoteRune(0x27), "'\\''");
    assert.equal(quoteRune(0x22), "'\"'");
    assert.equal(quoteRune(0xd800), utf8ToByteString("'\ufffd'"));
    assert.equal(quoteRune(0xe9, true), "'\\u00e9'");
  });

  test("backquotes take what is plain", () => {
    assert.equal(canBackquote("a\tb\u00c3\u00a9"), true);
    for (const text of ["`", "\n", "\x7f", "\xff", utf8ToByteString("\ufeff")])
      assert.equal(canBackquote(text), false);
  });

  test("printable is what Go prints", () => {
    const printed = [0x20, 0x7e, 0xa1, 0xe9, 0x300, 0xfffd, 0x10fffd];
    assert.deepEqual(printed.map(isPrint), [true, true, true, true, true, true, false]);
    assert.deepEqual([0x7f, 0xa0, 0xad, 0x1cc00, 0xe000, 0x378].map(isPrint), [
      false,
      false,
      false,
      false,
      false,
      false,
    ]);
    assert.ok(isNewerThanGo(0x33479) && !isNewerThanGo(0x3347a) && !isNewerThanGo(0x41));
  });
});

suite("reading literals", () => {
  const wrong = [
    '"',
    '"a',
    '"\\',
    '"\\x4"',
    '"\\u12"',
    '"\\U00110000"',
    '"\\ud800"',
    '"\\400"',
    '"\\8"',
    '"\\\'"',
    '"\\"',
    '"a\nb"',
  ];
  for (const literal of wrong) test(`refuses ${literal}`, () => assert.equal(unquoteString(literal), null));

  test("characters", () => {
    assert.equal(unquoteChar("'a'"), 97);
    assert.equal(unquoteChar("'\\''"), 39);
    assert.equal(unquoteChar("'\\x41'"), 65);
    for (const literal of ["''", "'ab'", "'a", "'\\\"'", "'"]) assert.equal(unquoteChar(literal), null);
  });
});
