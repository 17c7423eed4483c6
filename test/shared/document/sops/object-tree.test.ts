import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { utf8 } from "../../../../shared/bytes.ts";
import { plainValueOf, sopsTreeOf } from "../../../../shared/document/sops/object-tree.ts";
import type { SopsNode } from "../../../../shared/document/sops/tree.ts";
import { UnquotedScalar } from "../../../../shared/unquoted-scalar.ts";

const notText = Uint8Array.of(0x80, 0xff);

suite("values and trees", () => {
  const both: readonly [string, unknown, SopsNode][] = [
    ["null", null, { kind: "null" }],
    ["a string", "hé", { kind: "str", bytes: utf8("hé") }],
    ["bytes that are no text", notText, { kind: "str", bytes: notText }],
    ["a truth value", false, { kind: "bool", value: false }],
    ["a whole number", -5, { kind: "int", value: -5n }],
    ["a broken number", 1.5, { kind: "float", value: 1.5 }],
    ["a number beyond 2^53", 2 ** 60, { kind: "float", value: 2 ** 60 }],
    ["infinity", Number.POSITIVE_INFINITY, { kind: "float", value: Number.POSITIVE_INFINITY }],
    ["an int beyond 2^53", new UnquotedScalar("9223372036854775807"), { kind: "int", value: 2n ** 63n - 1n }],
    [
      "maps and lists",
      { b: [1, "x"], a: {} },
      {
        kind: "map",
        entries: [
          {
            kind: "entry",
            key: "b",
            value: {
              kind: "list",
              items: [
                { kind: "int", value: 1n },
                { kind: "str", bytes: utf8("x") },
              ],
            },
          },
          { kind: "entry", key: "a", value: { kind: "map", entries: [] } },
        ],
      },
    ],
  ];
  for (const [name, value, tree] of both) {
    test(`${name}, both ways`, () => {
      assert.deepEqual(sopsTreeOf(value), tree);
      assert.deepEqual(plainValueOf(tree), value);
    });
  }

  test("a scalar without quotes is what go-yaml makes of it", () => {
    assert.deepEqual(sopsTreeOf(new UnquotedScalar("0777")), { kind: "int", value: 511n });
    assert.deepEqual(sopsTreeOf(new UnquotedScalar("True")), { kind: "bool", value: true });
    assert.throws(() => sopsTreeOf(new UnquotedScalar("18446744073709551615")), TypeError);
  });

  test("a bigint is an int", () => {
    assert.deepEqual(sopsTreeOf(7n), { kind: "int", value: 7n });
    assert.equal(plainValueOf({ kind: "int", value: 7n }), 7);
  });

  test("a time is its text", () => {
    assert.equal(plainValueOf({ kind: "time", text: "2020-01-01T00:00:00Z" }), "2020-01-01T00:00:00Z");
  });

  test("a Map keeps keys that look like integers in their places", () => {
    const tree = sopsTreeOf(
      new Map([
        ["b", 1],
        ["10", 2],
        ["2", 3],
      ]),
    );
    assert.ok(tree.kind === "map");
    assert.deepEqual(
      tree.entries.map((entry) => entry.kind === "entry" && entry.key),
      ["b", "10", "2"],
    );
  });

  test("undefined entries are left out", () => {
    assert.deepEqual(sopsTreeOf({ a: undefined }), { kind: "map", entries: [] });
  });

  test("comments are left out", () => {
    const comment = { kind: "comment", text: " c" } as const;
    const item = { kind: "null" } as const;
    const list = { kind: "list", items: [comment, item] } as const;
    const tree: SopsNode = {
      kind: "map",
      entries: [comment, { kind: "entry", key: "l", value: { ...list, items: [...list.items] } }],
    };
    assert.deepEqual(plainValueOf(tree), { l: [null] });
  });

  test("a key __proto__ is a key like any other", () => {
    const tree = sopsTreeOf(new Map([["__proto__", "x"]]));
    const value = plainValueOf(tree);
    assert.deepEqual(Object.getOwnPropertyNames(value), ["__proto__"]);
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
  });

  test("what no document holds is refused", () => {
    for (const value of [undefined, () => 1, Symbol("x"), new Map([[1, 2]])]) {
      assert.throws(() => sopsTreeOf(value), TypeError);
    }
  });
});
