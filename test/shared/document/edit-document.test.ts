import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Edit, editDocument } from "../../../shared/document/edit-document.ts";
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

suite("a key that is renamed", () => {
  const rename = (path: string, to: string): Edit => ({ path: path.split("/"), rename: to });
  all([
    [
      "keeps its place and its value",
      "a:\n  b: |\n    x\n  c: y # note\n",
      [rename("a/b", "d.e")],
      "a:\n  d.e: |\n    x\n  c: y # note\n",
    ],
    ["keeps its quotes", "'a': x\n\"b\": y\n", [rename("a", "c"), rename("b", "d")], "'c': x\n\"d\": y\n"],
    ["is quoted where it has to be", "a: x\n", [rename("a", "true")], '"true": x\n'],
    ["in flow style", "{a: x, b: y}\n", [rename("b", "c")], "{a: x, c: y}\n"],
    ["in JSON", '{"a": "x",\n "b": "y"}\n', [rename("a", "c")], '{"c": "x",\n "b": "y"}\n'],
    [
      "beside a value that is set",
      "a: x\nb: y\n",
      [rename("a", "c"), { path: ["b"], value: "z" }],
      "c: x\nb: z\n",
    ],
  ]);

  for (const [name, text, edit] of [
    ["may not be taken", "a: x\nb: y\n", rename("a", "b")],
    ["has to be there", "a: x\n", rename("c", "b")],
    ["has to be there in a map that is not", "a: x\n", rename("c/d", "b")],
    ["may not come by a merge", "a: &m {k: x}\nb:\n  <<: *m\n", rename("b/k", "l")],
    ["may have no anchor", "&k a: x\nb: *k\n", rename("a", "c")],
    ["may not be written as a question", "? a\n: x\n", rename("a", "c")],
  ] as const) {
    test(`${name}, or it is refused`, () => {
      assert.throws(() => editDocument(text, [edit], "in"), /line \d+ cannot be edited in place/);
    });
  }
});
