import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Edit, editDocument } from "../../../shared/document/edit-document.ts";
import { readDocuments } from "../../../shared/document/read-documents.ts";
import { InputError } from "../../../shared/errors.ts";
import { UnquotedScalar } from "../../../shared/unquoted-scalar.ts";
import { remove, set } from "../../support/edit-notation.ts";

/** Name, text before, edits, text after. */
type Case = readonly [string, string, readonly Edit[], string];

function all(cases: readonly Case[]): void {
  for (const [name, before, edits, after] of cases) {
    test(name, () => {
      assert.equal(editDocument(before, edits, "in"), after);
      // Windows writes the same with other line ends; a text without any does not say which.
      if (!before.includes("\n")) return;
      const withCarriageReturns = (text: string) => text.replaceAll("\n", "\r\n");
      assert.equal(editDocument(withCarriageReturns(before), edits, "in"), withCarriageReturns(after));
    });
  }
}

suite("a SealedSecret as people keep it", () => {
  const before = `# Source: shop/templates/db.yaml
# {{- if .Values.db }}: rendered by hand
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
    name: db   # see: runbook #4
    annotations: {sealedsecrets.bitnami.com/cluster-wide: "true"}
spec:
    encryptedData:
        # rotated in May
        password: >-   # by ops
            AgBy8h
            AgBy8h
        "user": "AgA="  # never changes

        'tls.crt': 'AgC'
    # what becomes of it
    template:
        immutable: true
        metadata:
            creationTimestamp: null
`;
  const edits = [
    set("spec/encryptedData/password", "AgNEW"),
    set("spec/encryptedData/user", "AgU+/="),
    set("spec/encryptedData/y", "AgY"),
    remove("spec/encryptedData/tls.crt"),
    set("spec/template/metadata/labels/app", "shop"),
    set("spec/template/type", "Opaque"),
  ];
  all([
    [
      "keeps every comment and layout around what changes",
      before,
      edits,
      before
        .replace(/>-(.*\n) *AgBy8h\n *AgBy8h\n/, "AgNEW$1")
        .replace("AgA=", "AgU+/=")
        .replace(/ *'tls.crt': 'AgC'\n/, '        "y": AgY\n')
        .replace(
          "creationTimestamp: null\n",
          "$&            labels:\n                app: shop\n        type: Opaque\n",
        ),
    ],
  ]);
});

suite("kubeseal's own output", () => {
  const yaml = `---
apiVersion: bitnami.com/v1alpha1
kind: SealedSecret
metadata:
  creationTimestamp: null
  name: db
spec:
  encryptedData:
    password: AgA
  template:
    metadata:
      creationTimestamp: null
      name: db
`;
  const json = `{
  "kind": "SealedSecret",
  "spec": {
    "encryptedData": {
      "password": "AgA"
    },
    "template": {
      "metadata": {
        "name": "db"
      }
    }
  }
}`;
  const edits = [
    set("spec/encryptedData/password", "AgN"),
    set("spec/encryptedData/user", "AgU"),
    set("spec/template/metadata/annotations", { a: "1", b: "two" }),
  ];
  all([
    [
      "YAML",
      yaml,
      edits,
      yaml
        .replace("AgA\n", "AgN\n    user: AgU\n")
        .replace(/name: db\n$/, 'name: db\n      annotations:\n        a: "1"\n        b: two\n'),
    ],
    [
      "JSON",
      json,
      edits,
      json
        .replace('"AgA"', '"AgN",\n      "user": "AgU"')
        .replace(
          /"name": "db"/,
          '$&,\n        "annotations": {\n          "a": "1",\n          "b": "two"\n        }',
        ),
    ],
  ]);
});

suite("scalars in block style", () => {
  all([
    [
      "keep their quoting",
      "a: x\nb: 'x'\nc: \"x\"\n",
      ["a", "b", "c"].map((key) => set(key, "n-1")),
      "a: n-1\nb: 'n-1'\nc: \"n-1\"\n",
    ],
    [
      "are quoted when the value needs it",
      "a: v\nb: v\nc: v\nd: v\ne: v\nf: 'v'\ng: 'v'\nh: 'v'\n",
      [
        set("a", "true"),
        set("b", ""),
        set("c", "a: b"),
        set("d", "x\ny"),
        set("e", "#x"),
        set("f", "x\ny"),
        set("g", "no"),
        set("h", "it's"),
      ],
      "a: \"true\"\nb: \"\"\nc: 'a: b'\nd: \"x\\ny\"\ne: '#x'\nf: \"x\\ny\"\ng: 'no'\nh: 'it''s'\n",
    ],
    [
      "keep white space and comment around them",
      "a:    v   # c\nb :  'w'\nc:\tx\t# d\n",
      [set("a", "p"), set("b", "q"), set("c", "r")],
      "a:    p   # c\nb :  'q'\nc:\tr\t# d\n",
    ],
    [
      "folded in double quotes",
      'a: "foo\\\n  bar\n  baz"   # c\nb: 1\n',
      [set("a", "p")],
      'a: "p"   # c\nb: 1\n',
    ],
    [
      "folded plain and in single quotes",
      "a: foo\n  bar # c\nb: 'x\n\n  y'\n",
      [set("a", "p"), set("b", "q")],
      "a: p # c\nb: 'q'\n",
    ],
    [
      "literal and folded blocks, whatever their header",
      "a: |+ # c\n  x\n\n\nb: >2-\n    x\n  y\nc: 1\n",
      [set("a", "p"), set("b", "q")],
      "a: p # c\nb: q\nc: 1\n",
    ],
    ["a block at the end without a line break", "a: |\n  x", [set("a", "p")], "a: p"],
    [
      "null in its spellings",
      "a: ~ # c\nb: null\nc:\nd:  # x\ne: \nf:",
      [..."abcdef"].map((key) => set(key, "v")),
      "a: v # c\nb: v\nc: v\nd: v  # x\ne: v\nf: v",
    ],
    [
      "numbers and truth values",
      "a: 0777\nb: 1.0\nc: True\nd: 5 # c\n",
      [set("a", "p"), set("d", "6")],
      'a: p\nb: 1.0\nc: True\nd: "6" # c\n',
    ],
    [
      "under an explicit key",
      "? a\n: b\n? c\n: d # x\n",
      [set("a", "p"), set("n1", "m")],
      "? a\n: p\n? c\n: d # x\nn1: m\n",
    ],
    [
      "in lists",
      "a:\n- x\n- - y\n  - z: 1\n",
      [set("a/0", "p"), set("a/1/0", "q"), set("a/1/1/z", "r")],
      "a:\n- p\n- - q\n  - z: r\n",
    ],
    [
      "after a tag or an anchor nobody uses",
      "a: !!str x # c\nb: &b y\n",
      [set("a", "p"), set("b", "q")],
      "a: !!str p # c\nb: &b q\n",
    ],
    ["in place of an alias", "a: &x foo\nb: *x # c\n", [set("b", "p")], "a: &x foo\nb: p # c\n"],
    [
      "with keys found as their author wrote them",
      '1.0: a\n\'y\': b\n"q\\"": c\ntrue: d\n',
      [set("1.0", "p"), set("y", "q"), set('q"', "r"), set("true", "s")],
      '1.0: p\n\'y\': q\n"q\\"": r\ntrue: s\n',
    ],
  ]);
});

suite("new entries in block style", () => {
  all([
    [
      "go after the last one, before the notes that follow",
      "m:\n    a: 1  # one\n    # after\n\nn: 2\n",
      [set("m/b", "v")],
      "m:\n    a: 1  # one\n    b: v\n    # after\n\nn: 2\n",
    ],
    [
      "leave notes inside the last entry there",
      "m:\n  a:\n    b: 1\n    # of a\n\n    # of a\n  # of m\n",
      [set("m/c", "v")],
      "m:\n  a:\n    b: 1\n    # of a\n\n    # of a\n  c: v\n  # of m\n",
    ],
    [
      "at the end without a line break",
      "a: 1\nm:\n  b: 2",
      [set("m/c", "v"), set("d", "w")],
      "a: 1\nm:\n  b: 2\n  c: v\nd: w",
    ],
    [
      "after block scalars of all kinds",
      "m:\n  a: |+\n    x\n\nn:\n  a: |\n    x\n\no: 1\n",
      [set("m/b", "v"), set("n/b", "w")],
      "m:\n  a: |+\n    x\n\n  b: v\nn:\n  a: |\n    x\n  b: w\n\no: 1\n",
    ],
    [
      "after a block scalar that nothing follows",
      "m:\n  a: |\n    x",
      [set("m/b", "v")],
      "m:\n  a: |\n    x\n  b: v",
    ],
    [
      "where a map is empty or null",
      "a: ~ # c\nb: null\nc:\nd:  # x\ne: {} # f\nf: &f {}\n",
      [..."abcdef"].map((key) => set(`${key}/k`, "v")),
      "a: # c\n  k: v\nb:\n  k: v\nc:\n  k: v\nd:  # x\n  k: v\ne: # f\n  k: v\nf: &f\n  k: v\n",
    ],
    [
      "with keys quoted when they need it",
      "a: {}\n",
      ["y", "n", "null", "1.0", "<<", "a b", "a: b", "-", "__proto__"].map((key) => ({
        path: ["a", key],
        value: "v",
      })),
      'a:\n  "y": v\n  "n": v\n  "null": v\n  "1.0": v\n  "<<": v\n  a b: v\n  \'a: b\': v\n  \'-\': v\n  __proto__: v\n',
    ],
    [
      "with the maps above them, indented as the document does",
      "kind: X\nspec:\n    e:\n        a: b\n",
      [set("spec/t/m/l/a", "b"), set("spec/t/m/l/c", "d"), set("spec/t/d/k", "v"), set("o/p", "q")],
      "kind: X\nspec:\n    e:\n        a: b\n    t:\n        m:\n            l:\n                a: b\n                c: d\n        d:\n            k: v\no:\n    p: q\n",
    ],
    [
      "by the indentation of the neighbours, not of the first map",
      "a:\n        b: 1\nm:\n  n:\n   o: 1\n",
      [set("m/n/p/q", "v"), set("m/r/s", "w")],
      "a:\n        b: 1\nm:\n  n:\n   o: 1\n   p:\n    q: v\n  r:\n   s: w\n",
    ],
    [
      "in maps that are items of a list",
      "a:\n- x: 1\n-\n  y: 2\n- {}\n-\n- - z: 3\n",
      [set("a/0/k", "v"), set("a/1/k", "v"), set("a/2/k", "v"), set("a/3/k", "v"), set("a/4/0/k", "v")],
      "a:\n- x: 1\n  k: v\n-\n  y: 2\n  k: v\n- k: v\n- k: v\n- - z: 3\n    k: v\n",
    ],
    [
      "before the end of the document",
      "%YAML 1.2\n---\na: 1\n...\n",
      [set("b", "v")],
      "%YAML 1.2\n---\na: 1\nb: v\n...\n",
    ],
    [
      "before lists at the same indentation",
      "m:\n  l:\n  - 1\n  - 2\nn: 1\n",
      [set("m/b", "v"), set("o", "w")],
      "m:\n  l:\n  - 1\n  - 2\n  b: v\nn: 1\no: w\n",
    ],
    [
      "over a merge key",
      "a: &x {k: v}\nb:\n  <<: *x\n",
      [set("b/k", "w")],
      "a: &x {k: v}\nb:\n  <<: *x\n  k: w\n",
    ],
    [
      "a map of texts, or an empty one",
      "a: 1\n",
      [set("m", { b: "v", c: "1" }), set("o", {})],
      'a: 1\nm:\n  b: v\n  c: "1"\no: {}\n',
    ],
  ]);
});

suite("entries removed in block style", () => {
  all([
    [
      "take their lines and the comment on them",
      "a: 1 # one\nb: |\n  x\n  y\n# of c\nc: 3 # three\nd: 4\n",
      [remove("b"), remove("c")],
      "a: 1 # one\n# of c\nd: 4\n",
    ],
    [
      "take the notes inside them",
      "a:\n  b: 1\n  # inside\n# outside\nc: 2\n",
      [remove("a")],
      "# outside\nc: 2\n",
    ],
    [
      "leave an empty map",
      "m: # c\n  # above\n  a: 1\nn: 2\n",
      [remove("m/a")],
      "m: {} # c\n  # above\nn: 2\n",
    ],
    ["leave an empty list and an empty document", "l:\n- x: 1\n", [remove("l/0")], "l: []\n"],
    ["the only one of the document", "# c\n---\na: 1 # d\n", [remove("a")], "# c\n---\n{} # d\n"],
    ["the only one of the document, a block", "a: |\n  x\n# c\n", [remove("a")], "{}\n# c\n"],
    [
      "the first beside a dash",
      "l:\n- a: 1\n  b: 2\n- a: 1 # c\n\n  # of b\n  b: 2\n- a: 1\n",
      [remove("l/0/a"), remove("l/1/a"), remove("l/2/a")],
      "l:\n- b: 2\n- # of b\n  b: 2\n- {}\n",
    ],
    ["an item of a list", "l:\n- x: 1\n  y: 2\n# c\n- z: 3\n", [remove("l/0")], "l:\n# c\n- z: 3\n"],
    ["at the end without a line break", "a: 1\nb: 2", [remove("b")], "a: 1"],
    ["that are not there", "a: 1\n", [remove("b"), remove("c/d")], "a: 1\n"],
    ["and set anew", "m:\n  a: 1\n  b: 2\n", [remove("m/a"), set("m/a", "v")], "m:\n  b: 2\n  a: v\n"],
  ]);
});

suite("flow style in YAML", () => {
  all([
    [
      "scalars keep their quoting",
      'a: {x: 1, "y": \'v\', z: "w"} # c\n',
      [set("a/x", "p"), set("a/y", "q"), set("a/z", "r")],
      'a: {x: p, "y": \'q\', z: "r"} # c\n',
    ],
    [
      "plain text with brackets or commas is quoted",
      "a: {x: v, y: v}\nb: v\n",
      [set("a/x", "p,q"), set("a/y", "[p]"), set("b", "p,q")],
      "a: {x: 'p,q', y: '[p]'}\nb: p,q\n",
    ],
    [
      "new entries stay on the line",
      "a: {x: 1}\nb: { y: 2, z: 3 }\n",
      [set("a/k", "v"), set("a/m/o", "w"), set("b/k", "v")],
      "a: {x: 1, k: v, m: {o: w}}\nb: { y: 2, z: 3, k: v }\n",
    ],
    ["a comma at the end stays one", "a: {x: 1, }\n", [set("a/k", "v")], "a: {x: 1, k: v, }\n"],
    [
      "entries on lines of their own",
      "a: {\n  x: 1, # one\n  y: 2 # two\n  }\n",
      [set("a/k", "v"), remove("a/x")],
      "a: {\n  y: 2, # two\n  k: v\n  }\n",
    ],
    [
      "the last of several lines goes with its comma",
      "a: {\n  x: 1, # one\n  y: 2 # two\n  }\n",
      [remove("a/y")],
      "a: {\n  x: 1 # one\n  }\n",
    ],
    [
      "several lines and a comma at the end",
      "a: {\n  x: 1, # one\n  y: 2, # two\n  }\n",
      [set("a/k", "v"), remove("a/y")],
      "a: {\n  x: 1, # one\n  k: v,\n  }\n",
    ],
    [
      "removing the first, a middle one, the last",
      "a: {x: 1, y: 2, z: 3}\nb: {x: 1, y: 2, z: 3}\nc: { x: 1, y: 2, z: 3 }\n",
      [remove("a/x"), remove("b/y"), remove("c/z")],
      "a: {y: 2, z: 3}\nb: {x: 1, z: 3}\nc: { x: 1, y: 2 }\n",
    ],
    ["removing the only one", "a: { x: 1 }\nb: [ x ]\n", [remove("a/x"), remove("b/0")], "a: {}\nb: []\n"],
    [
      "no value yet",
      "a: {x, y: , z: ~}\n",
      [set("a/x", "p"), set("a/y", "q"), set("a/z/k", "r")],
      "a: {x: p, y: q, z: {k: r}}\n",
    ],
    [
      "empty maps inside brackets",
      "a: [{x: 1}, {}]\n",
      [set("a/0/k", "v"), set("a/1/k", "v")],
      "a: [{x: 1, k: v}, {k: v}]\n",
    ],
    ["on the marker's line", "--- {a: 1}\n", [set("b", "v")], "--- {a: 1, b: v}\n"],
    [
      "JSON with a comment after it stays JSON",
      '{"a":1,"b":{"c":2}} # c\n',
      [set("b/d", "v"), set("e", "w")],
      '{"a":1,"b":{"c":2,"d":"v"},"e":"w"} # c\n',
    ],
  ]);
});

suite("JSON", () => {
  all([
    [
      "on one line, with and without spaces",
      '{"a":{"x":1,"y":2},"b": {"x": 1}}',
      [set("a/k", "v"), set("b/k", "v"), set("b/m/n", "w")],
      '{"a":{"x":1,"y":2,"k":"v"},"b": {"x": 1, "k": "v", "m": {"n": "w"}}}',
    ],
    [
      "with tabs",
      '{\n\t"a": {\n\t\t"b": "c"\n\t},\n\t"s": {}\n}',
      [set("a/b", "p"), set("a/k", "v"), set("s/n/m", "w")],
      '{\n\t"a": {\n\t\t"b": "p",\n\t\t"k": "v"\n\t},\n\t"s": {\n\t\t"n": {\n\t\t\t"m": "w"\n\t\t}\n\t}\n}',
    ],
    [
      "empty and null maps",
      '{\n    "a": {},\n    "b": null\n}',
      [set("a/k", "v"), set("b/m/n", "w"), set("c", {}), set("d", {})],
      '{\n    "a": {\n        "k": "v"\n    },\n    "b": {\n        "m": {\n            "n": "w"\n        }\n    },\n    "c": {},\n    "d": {}\n}',
    ],
    ["a document that is empty", "{}", [set("a/b", "v")], '{"a": {"b": "v"}}'],
    [
      "escapes",
      '{"a": "x", "b\\u0041": "y"}',
      [set("a", 'q"\\\n\u0001'), set("bA", "p"), set("c\t", "r")],
      '{"a": "q\\"\\\\\\n\\u0001", "b\\u0041": "p", "c\\t": "r"}',
    ],
    [
      "removing with the comma that goes with it",
      '{\n  "a": {\n    "b": 1\n  },\n  "c": 2,\n  "d": [1, 2]\n}',
      [remove("a/b"), remove("d/0"), remove("c")],
      '{\n  "a": {},\n  "d": [2]\n}',
    ],
    ["removing the last one", '{\n  "a": 1,\n  "b": 2\n}', [remove("b")], '{\n  "a": 1\n}'],
    [
      "numbers whose text would change",
      '{"a": 1.0, "b": 12345678901234567890, "c": "x"}',
      [set("c", "p")],
      '{"a": 1.0, "b": 12345678901234567890, "c": "p"}',
    ],
    ["commas before the entries", '{ "a" : 1\n, "b" : 2\n}', [set("a", "p"), remove("b")], '{ "a" : "p"\n}'],
  ]);
});

suite("what cannot be edited is refused by line, without a word of it", () => {
  const refused: readonly (readonly [string, string, readonly Edit[], string])[] = [
    [
      "a text that an alias repeats",
      "x: 1\na: &x canary\nb: *x\n",
      [set("x", "p"), set("a", "p")],
      "line 2 cannot be edited in place: anchors and aliases would carry the change to other places",
    ],
    [
      "a map that an alias repeats",
      "a: &x {k: canary}\nb: *x\n",
      [set("a/l", "p")],
      "line 1 cannot be edited in place: anchors and aliases would carry",
    ],
    [
      "a place inside an alias",
      "a: &x {k: canary}\nb: *x\n",
      [set("b/k", "p")],
      "line 2 cannot be edited in place: an alias stands there",
    ],
    [
      "what a merge key brings",
      "a: &x {k: canary}\nb:\n  <<: *x\n",
      [remove("b/k")],
      "line 2 cannot be edited in place: anchors and aliases",
    ],
    [
      "a tag that reads the value otherwise",
      "a: !!binary aGk=\n",
      [set("a", "canary")],
      "line 1 cannot be edited in place: a tag decides what may stand there",
    ],
    [
      "a map in a text's place",
      "\na: {canary: c}\n",
      [set("a", "p")],
      "line 2 cannot be edited in place: a map or a list stands where a text is to be set",
    ],
    [
      "a text in a map's place",
      "a: canary\n",
      [set("a/b", "p")],
      "line 1 cannot be edited in place: there is no map where one is needed",
    ],
    [
      "a number in a map's place",
      "a: 0777\n",
      [set("a/b", "p")],
      "line 1 cannot be edited in place: there is no map where one is needed",
    ],
    [
      "a map in a new map's place",
      "a: {canary: c}\n",
      [set("a", { b: "p" })],
      "line 1 cannot be edited in place: something stands already where a map is to be set",
    ],
    [
      "an item that is not there",
      "a: [canary]\n",
      [set("a/3", "p")],
      "line 1 cannot be edited in place: there is no such item of a list",
    ],
    [
      "lines that end with CR alone",
      "a: canary\rb: 2\r",
      [set("b", "p")],
      "line 1 cannot be edited in place: its layout does not allow it",
    ],
    [
      "several documents",
      "a: canary\n---\nb: 1\n",
      [set("a", "p")],
      " cannot be edited in place: it is not one document",
    ],
    ["no document", "# canary\n", [set("a", "p")], " cannot be edited in place: it is not one document"],
    ["what cannot be read", "a: 'canary\n", [set("a", "p")], ", document 1: line 2"],
  ];
  for (const [name, text, edits, expected] of refused) {
    test(name, () => {
      const message = refusal(() => editDocument(text, edits, "in"));
      assert.ok(message.replace(/^in:? ?/, "").startsWith(expected.trimStart()), message);
      assert.ok(!message.includes("canary"));
    });
  }

  test("the line is counted in the text around", () => {
    const within = { text: "a: 1\n---\nb: &b canary\nc: *b\n", start: 5 };
    const message = refusal(() => editDocument(within.text.slice(5), [set("b", "p")], "in", within));
    assert.match(message, /^in: line 3 cannot be edited in place: anchors/);
  });
});

function refusal(attempt: () => unknown): string {
  try {
    attempt();
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    assert.notEqual(error.hint, "");
    return error.message;
  }
  assert.fail("was accepted");
}

suite("hostile documents", () => {
  test("levels without end", () => {
    for (const text of [`a: ${"[".repeat(5000)}`, `${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`]) {
      assert.match(
        refusal(() => editDocument(text, [set("a", "p")], "in")),
        /levels|closed|too early/,
      );
    }
  });
  test("aliases that expand without bound", () => {
    const bomb = Array.from({ length: 9 }, (_, level) =>
      level === 0 ? "a0: &a0 [x,x,x,x,x,x,x,x,x]" : `a${level}: &a${level} [${`*a${level - 1},`.repeat(9)}]`,
    ).join("\n");
    const message = refusal(() => editDocument(`${bomb}\nz: 1\n`, [set("z", "p")], "in"));
    assert.match(message, /its aliases expand to too much/);
  });
  test("a large document takes seconds at most", () => {
    const keys = Array.from({ length: 3000 }, (_, at) => `k${at}`);
    const text = `spec:\n  encryptedData:\n${keys.map((key) => `    ${key}: ${"A".repeat(700)}\n`).join("")}`;
    const start = performance.now();
    const edited = editDocument(
      text,
      keys.map((key) => set(`spec/encryptedData/${key}`, "B".repeat(700))),
      "in",
    );
    assert.equal(edited, text.replaceAll("AAAAAAA", "BBBBBBB"));
    assert.ok(performance.now() - start < 10_000);
  });
  test("faults that only a second reader finds come out in our words", () => {
    const message = refusal(() => editDocument('|\n"d"a: "d"\'canary\'', [set("n", "p")], "in"));
    assert.ok(!message.includes("canary"));
  });
  test("a key named like the prototype is a key", () => {
    const edited = editDocument("a: {}\n", [{ path: ["a", "__proto__", "x"], value: "v" }], "in");
    assert.equal(edited, "a:\n  __proto__:\n    x: v\n");
    assert.equal(({} as Record<string, unknown>)["x"], undefined);
  });
  test("numbers that stay keep their text for the next reader", () => {
    const edited = editDocument("a: x\nb: 0777\n", [set("a", "p")], "in");
    assert.deepEqual(readDocuments(edited, "in")[0]?.value, { a: "p", b: new UnquotedScalar("0777") });
  });
});
