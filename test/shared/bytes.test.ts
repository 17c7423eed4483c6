import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { concat, equalBytes, fromBase64, fromUtf8, toBase64, utf8 } from "../../shared/bytes.ts";
import { readVectors } from "../support/vectors.ts";

type Base64Vector = { text: string } & ({ bytes: string } | { illegalAt: number });

suite("base64", () => {
  const [file] = readVectors<Record<number, Base64Vector>>("base64");
  assert.ok(file !== undefined);
  const { name: madeBy, ...rows } = file;
  const vectors = Object.values(rows);
  assert.ok(vectors.length > 300);

  test(`is read as Go reads it, ${vectors.length} texts of ${madeBy}`, () => {
    for (const { text, ...expected } of vectors) {
      const result = fromBase64(text);
      const spelled = "bytes" in result ? { bytes: Buffer.from(result.bytes).toString("hex") } : result;
      assert.deepEqual({ text, ...spelled }, { text, ...expected });
    }
  });

  test("the vectors hold every kind of answer", () => {
    const legal = vectors.filter((vector) => "bytes" in vector).length;
    assert.ok(legal > 50 && vectors.length - legal > 50, `${legal} legal of ${vectors.length}`);
  });

  test("any bytes come back, also in lines of any length", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 80 }), (bytes, width) => {
        const text = toBase64(bytes);
        assert.equal(text, Buffer.from(bytes).toString("base64"));
        const folded = text.replace(new RegExp(`.{${width}}`, "g"), "$&\r\n");
        for (const spelling of [text, folded]) {
          const result = fromBase64(spelling);
          assert.ok("bytes" in result && equalBytes(result.bytes, bytes));
        }
      }),
    );
  });

  test("a character of no meaning is refused wherever it stands, at its own offset", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 3, maxLength: 60 }),
        fc.nat(),
        fc.constantFrom(" ", "-", "_", "\t", "\0", ".", ",", "é", "\u2028", "😀"),
        (bytes, place, wrong) => {
          const text = toBase64(bytes).replace(/=+$/, "");
          const at = place % text.length;
          const result = fromBase64(`${text.slice(0, at)}${wrong}${text.slice(at)}`);
          assert.deepEqual(result, { illegalAt: at });
        },
      ),
    );
  });

  test("more than an argument list can hold", () => {
    const bytes = new Uint8Array(1024 * 1024 + 1).map((_, at) => at * 7);
    const result = fromBase64(toBase64(bytes));
    assert.ok("bytes" in result && equalBytes(result.bytes, bytes));
  });
});

suite("UTF-8", () => {
  test("any string comes back", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => assert.equal(fromUtf8(utf8(text)), text)),
    );
  });
  for (const [what, bytes] of [
    ["a byte that starts nothing", [0xff]],
    ["a sequence cut short", [0xe2, 0x82]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["half a surrogate pair", [0xed, 0xa0, 0x80]],
  ] as const) {
    test(`refuses ${what}`, () => assert.equal(fromUtf8(Uint8Array.from(bytes)), null));
  }
  test("a byte order mark is a character like others", () => {
    assert.equal(fromUtf8(Uint8Array.from([0xef, 0xbb, 0xbf, 0x61])), "\ufeffa");
  });
});

suite("bytes", () => {
  test("concat keeps the order and shares nothing with its parts", () => {
    const part = Uint8Array.from([1, 2]);
    const whole = concat(part, new Uint8Array(), Uint8Array.from([3]));
    part.fill(9);
    assert.deepEqual([...whole], [1, 2, 3]);
    assert.equal(concat().length, 0);
  });
  test("equal means every byte", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (bytes, at, change) => {
          const other = bytes.slice();
          assert.ok(equalBytes(bytes, other));
          const place = at % bytes.length;
          other[place] = (other[place] ?? 0) ^ change;
          assert.ok(!equalBytes(bytes, other));
          assert.ok(!equalBytes(bytes, bytes.slice(1)));
        },
      ),
    );
  });
});
