import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { readDocuments } from "../../../shared/document/read-documents.ts";
import { InputError } from "../../../shared/errors.ts";
import { UnquotedScalar } from "../../../shared/unquoted-scalar.ts";

function values(input: string | Uint8Array): unknown[] {
  return readDocuments(input, "in").map(({ value }) => value);
}

function refusal(input: string | Uint8Array): string {
  try {
    readDocuments(input, "in");
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error.message;
  }
  assert.fail("was accepted");
}

suite("streams", () => {
  const cases: readonly [string, string, unknown[]][] = [
    ["one YAML document", "a: 1\n", [{ a: 1 }]],
    ["several YAML documents", "a: 1\n---\na: 2\n--- # three\na: 3\n...\n", [{ a: 1 }, { a: 2 }, { a: 3 }]],
    ["documents ended by dots", "a: 1\n...\na: 2\n", [{ a: 1 }, { a: 2 }]],
    ["a document on the marker's line", '--- {a: 1}\n--- "x"\n', [{ a: 1 }, "x"]],
    ["a block scalar after the marker", "--- |\n x\n y\n", ["x\ny\n"]],
    ["directives", "%YAML 1.2\n---\na: 1\n", [{ a: 1 }]],
    ["one JSON object", '{"a": 1}', [{ a: 1 }]],
    ["JSON objects in a row", '{"a":1}{"a":2}\n\n {"a":3}\n', [{ a: 1 }, { a: 2 }, { a: 3 }]],
    ["JSON with tabs", '{\n\t"a":\t1\n}\n', [{ a: 1 }]],
    ["JSON, then YAML", '{"a":1}\n---\na: 2\n---\n{"a":3}\n', [{ a: 1 }, { a: 2 }, { a: 3 }]],
    ["JSON after a comment and a marker", '# x\n---\n{"a":1}\n', [{ a: 1 }]],
    ["YAML in flow style", "{a: 1, # one\n b: x,}\n", [{ a: 1, b: "x" }]],
    ["a byte order mark", "\ufeffa: 1\n", [{ a: 1 }]],
    ["CR LF", "a: 1\r\n---\r\nb: |\r\n  x\r\n  y\r\n", [{ a: 1 }, { b: "x\ny\n" }]],
    ["empty and comment-only documents", "---\n---\n# nothing\n---\n\n---\na: 1\n---\n", [{ a: 1 }]],
    ["nothing at all", "", []],
    ["comments only", "# nothing\n", []],
    ["a marker inside a word", "a: x\nb: '---x'\n", [{ a: "x", b: "---x" }]],
    ["dashes inside a block scalar", "a: |\n  ---\n  x\n", [{ a: "---\nx\n" }]],
  ];
  for (const [name, input, expected] of cases) {
    test(name, () => assert.deepEqual(values(input), expected));
  }
});

suite("encodings", () => {
  const text = "a: hé✓😀\n";
  const expected = [{ a: "hé✓😀" }];
  const le = Buffer.from(text, "utf16le");
  const be = Buffer.from(le).swap16();
  test("UTF-8 with a byte order mark", () => {
    assert.deepEqual(values(Buffer.from(`\ufeff${text}`)), expected);
  });
  test("UTF-16 little endian with a byte order mark", () => {
    assert.deepEqual(values(Buffer.concat([Buffer.from([0xff, 0xfe]), le])), expected);
  });
  test("UTF-16 big endian with a byte order mark", () => {
    assert.deepEqual(values(Buffer.concat([Buffer.from([0xfe, 0xff]), be])), expected);
  });
  test("other bytes are refused in words", () => {
    assert.equal(refusal(Buffer.from([0x61, 0x3a, 0x20, 0xe9])), "in is not valid UTF-8 text");
    assert.equal(refusal(Buffer.from([0xff, 0xfe, 0x61])), "in is not valid UTF-16 text");
  });
});

suite("scalars", () => {
  const kept: readonly [string, unknown][] = [
    ["yes", "yes"],
    ["no", "no"],
    ["on", "on"],
    ["off", "off"],
    ["y", "y"],
    ["n", "n"],
    ["true", true],
    ["false", false],
    ["~", null],
    ["null", null],
    ["", null],
    ["12", 12],
    ["-5", -5],
    ["1.5", 1.5],
    ["2020-01-01", "2020-01-01"],
    ["2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"],
    ["1:30", "1:30"],
    ["1.2.3", "1.2.3"],
    ["0x", "0x"],
    ["1e", "1e"],
    ["=", "="],
    ["'0777'", "0777"],
    ["!!str 0777", "0777"],
    ["!!binary aGk=", "hi"],
  ];
  for (const [text, value] of kept) {
    test(`YAML ${text} is ${JSON.stringify(value)}`, () => {
      assert.deepEqual(values(`a: ${text}\n`), [{ a: value }]);
    });
  }

  const changed =
    "0777 0o17 08 0x1F 0b11 1_000 1e3 1.0 .5 1. +5 -0 1E3 .inf -.INF .NaN 12345678901234567890 9007199254740993 True TRUE False";
  for (const text of changed.split(" ")) {
    test(`YAML ${text} keeps its text`, () => {
      assert.deepEqual(values(`a: ${text}\n`), [{ a: new UnquotedScalar(text) }]);
    });
  }

  for (const text of ["1.0", "1e3", "-0", "12345678901234567890"]) {
    test(`JSON ${text} keeps its text`, () => {
      assert.deepEqual(values(`{"a": ${text}}`), [{ a: new UnquotedScalar(text) }]);
    });
  }

  const keys = "y n yes no on off true True 0777 1.0 12 2020-01-01".split(" ");
  test("keys are what is written, though YAML may take them for truth values (W19)", () => {
    assert.deepEqual(values(keys.map((key) => `${key}: x\n`).join("")), [
      Object.fromEntries(keys.map((key) => [key, "x"])),
    ]);
  });

  test("a key named like the prototype is a key", () => {
    for (const input of ["__proto__: {x: 1}\n", '{"__proto__": {"x": 1}}']) {
      const [value] = values(input) as [object];
      assert.deepEqual(Object.keys(value), ["__proto__"]);
      assert.equal(Object.getPrototypeOf(value), Object.prototype);
    }
  });
});

suite("anchors and merge keys", () => {
  test("an alias stands for its anchor", () => {
    assert.deepEqual(values("a: &x {b: c}\nd: *x\n"), [{ a: { b: "c" }, d: { b: "c" } }]);
  });
  test("a merge key adds what is not there", () => {
    assert.deepEqual(values("a: &x {b: c, d: e}\nf:\n  <<: *x\n  d: own\n"), [
      { a: { b: "c", d: "e" }, f: { b: "c", d: "own" } },
    ]);
  });
  test("aliases that expand without bound are refused", () => {
    const bomb = Array.from({ length: 9 }, (_, level) =>
      level === 0 ? "a0: &a0 [x,x,x,x,x,x,x,x,x]" : `a${level}: &a${level} [${`*a${level - 1},`.repeat(9)}]`,
    );
    assert.equal(
      refusal(`${bomb.join("\n")}\n`),
      "in, document 1: line 1, column 1: its aliases expand to too much",
    );
  });
  test("a long string repeated by aliases is refused", () => {
    const repeated = `a: &a "${"x".repeat(100_000)}"\nb: [${"*a,".repeat(50)}]\n`;
    assert.equal(refusal(repeated), "in, document 1: line 1, column 1: its aliases expand to too much");
    assert.equal(
      values(repeated.replace(/\*a,/g, "x,")).length,
      1,
      "the same length without aliases is fine",
    );
  });
  test("a long text that merely holds a star is no matter", () => {
    const long = Array.from({ length: 60 }, (_, at) => `k${at}: "${"x".repeat(100_000)}"`).join("\n");
    assert.equal(values(`${long}\nlast: "a*b"\n`).length, 1);
  });
  test("an alias inside its own anchor is refused", () => {
    for (const input of ["a: &x {b: *x}\n", "a: &x [*x]\n"]) {
      assert.match(refusal(input), /an alias names no anchor that stands before it$/);
    }
  });
});

suite("lists of objects", () => {
  test("a List yields its items, each with its number", () => {
    const list = "kind: List\napiVersion: v1\nitems:\n- kind: Secret\n- kind: ConfigMap\n";
    assert.deepEqual(readDocuments(list, "in"), [
      { value: { kind: "Secret" }, where: "in, item 1" },
      { value: { kind: "ConfigMap" }, where: "in, item 2" },
    ]);
  });
  test("items of a SecretList have its kind unless they say otherwise", () => {
    const list = 'a: 1\n---\n{"kind":"SecretList","apiVersion":"v1","items":[{"data":{}},{"kind":"X"}]}';
    assert.deepEqual(readDocuments(list, "in").slice(1), [
      { value: { apiVersion: "v1", kind: "Secret", data: {} }, where: "in, document 2, item 1" },
      { value: { apiVersion: "v1", kind: "X" }, where: "in, document 2, item 2" },
    ]);
  });
  test("an empty list yields nothing", () => assert.deepEqual(values("kind: List\nitems: []\n"), []));
  test("items that are no list are refused", () => {
    assert.equal(refusal("kind: List\nitems: x\n"), "in: items must be a list");
  });
});

suite("what cannot be read is refused by document, line and column, without a word of it", () => {
  const cases: readonly [string, string, string][] = [
    ["an open quote", "a: 'canary\n", "document 1: line 2, column 1: the document ends too early"],
    ["bad indentation", "a: x\n  b: canary\nc: d\n", "document 1: line 2, column 4: "],
    ["a tab", "a:\n\tb: canary\n", "document 1: line 2, column 1: a tab is used"],
    ["a key twice", "a: canary\nb: x\na: y\n", "document 1: line 3, column 1: this key appears twice"],
    [
      "a key twice in JSON",
      '{"a": "canary",\n "a": 1}',
      "document 1: line 2, column 2: this key appears twice",
    ],
    ["a later document", "a: 1\n---\nb: 'x\n---\nc: 1\n", "document 2: line 4, column 1: "],
    ["an unknown alias", "a: *canary\n", "document 1: line 1, column 5: an alias names no anchor"],
    ["an unknown tag", "a: !canary x\n", "document 1: line 1, column 4: it has a tag"],
    ["JSON that ends early", '{"a": "canary"', "document 1: line 1, column 15: a comma or a closing brace"],
    ["text after JSON", '{"a": 1} canary', "document 2: line 1, column 10: text is left over"],
    ["the second JSON object", '{"a": 1}\n{"canary" 1}', "document 2: line 2, column 11: a colon"],
    ["a control character", "a: can\u0001ary\n", "document 1: line 1, column "],
    ["a list as a key", "? [a]\n: b\n", "document 1: line 1, column 1: a key is empty, a list or a map"],
    ["an empty key", ": canary\n", "document 1: line 1, column 1: a key is empty"],
    ["CR LF lines", "a: 1\r\nb: 2\r\na: 3\r\n", "document 1: line 3, column 1: this key appears twice"],
  ];
  for (const [name, input, expected] of cases) {
    test(name, () => {
      const message = refusal(input);
      assert.equal(message.slice(0, 4 + expected.length), `in, ${expected}`);
      assert.ok(!message.includes("canary"));
    });
  }

  test("more levels than anyone needs", () => {
    assert.match(refusal(`${'{"a":'.repeat(200)}1${"}".repeat(200)}`), /too many levels|100 levels/);
    assert.match(refusal(`a: ${"[".repeat(200)}${"]".repeat(200)}`), /too many levels/);
  });
});
