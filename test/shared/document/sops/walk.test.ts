import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { fromUtf8 } from "../../../../shared/bytes.ts";
import { bindingOf } from "../../../../shared/document/sops/decryption.ts";
import type { SopsSelection } from "../../../../shared/document/sops/metadata.ts";
import { Naming, Place } from "../../../../shared/document/sops/place.ts";
import { readSopsTree } from "../../../../shared/document/sops/read-tree.ts";
import { selectorOf } from "../../../../shared/document/sops/selection.ts";
import type { SopsMap, SopsNode } from "../../../../shared/document/sops/tree.ts";
import { walk } from "../../../../shared/document/sops/walk.ts";

async function walked(text: string, selection: SopsSelection, dropsListComments = false) {
  const documents = readSopsTree(text, "yaml", "secret.yaml");
  const selector = await selectorOf(selection, "secret.yaml");
  const naming = new Naming("secret.yaml", documents.length);
  return { given: documents, naming, ...walk(documents, { selector, naming, dropsListComments }) };
}

/** Values and comments that are to be encrypted, each by its text. */
async function selected(text: string, selection: SopsSelection): Promise<string[]> {
  const { slots } = await walked(text, selection);
  return slots
    .filter(({ isEncrypted }) => isEncrypted)
    .map((slot) => {
      if (slot.kind === "comment") return `#${slot.text}`;
      return slot.value.kind === "str" ? (fromUtf8(slot.value.bytes) ?? "") : slot.value.kind;
    });
}

test("bindings have keys alone, and a colon behind each", async () => {
  const { slots } = await walked(
    "# top\ndata:\n  # in data\n  user: a\nl: [a, [b, {c: d}]]\n'a:b': {c: x}\nm: {<<: {p: q}}\n---\nl: [z]\n",
    { rule: "default" },
  );
  assert.deepEqual(slots.map(bindingOf), [
    ":",
    "data:",
    "data:user:",
    "l:",
    "l:",
    "l:c:",
    "a:b:c:",
    "m:<<:p:",
    "l:",
  ]);
});

test("errors name document, keys and positions", async () => {
  const { slots, naming } = await walked("l: [a, [b, {'c d': d}]]\n'e\u202e\\': 1\n---\n-x_Y/z: 2\n", {
    rule: "default",
  });
  assert.deepEqual(
    slots.map(({ place }) => naming.place(place)),
    [
      "secret.yaml, document 1: l[0]",
      "secret.yaml, document 1: l[1][0]",
      'secret.yaml, document 1: l[1][1]["c d"]',
      'secret.yaml, document 1: ["e\ufffd\\\\"]',
      "secret.yaml, document 2: -x_Y/z",
    ],
  );
  assert.equal(new Naming("secret.yaml", 1).place(Place.root(0).entry("a").entry("b")), "secret.yaml: a.b");
  assert.equal(new Naming("secret.yaml", 1).place(Place.root(0)), "secret.yaml");
  assert.match(Place.root(0).entry("k".repeat(1000)).toString(), /^\["k{60}…"\]$/);
});

suite("selected by a key on the way", () => {
  const text = "kind: Secret\ndata:\n  # note\n  a: x\n  kind: [y, {z_unencrypted: w}]\n";
  const rules: readonly (readonly [SopsSelection, readonly string[]])[] = [
    [{ rule: "encrypted_regex", pattern: "^data$" }, ["# note", "x", "y", "w"]],
    [{ rule: "encrypted_regex", pattern: "^kind$" }, ["Secret", "y", "w"]],
    [{ rule: "unencrypted_regex", pattern: "^kind$" }, ["# note", "x"]],
    [{ rule: "default" }, ["Secret", "# note", "x", "y"]],
    [{ rule: "unencrypted_suffix", pattern: "a" }, ["Secret"]],
    [{ rule: "encrypted_suffix", pattern: "nd" }, ["Secret", "y", "w"]],
  ];
  for (const [selection, expected] of rules) {
    const name = selection.rule === "default" ? "" : selection.pattern;
    test(`${selection.rule} ${name}`, async () =>
      assert.deepEqual(await selected(text, selection), expected));
  }
});

suite("selected by a comment in scope", () => {
  const seal = { rule: "encrypted_comment_regex", pattern: "seal" } as const;
  const clear = { rule: "unencrypted_comment_regex", pattern: "clear" } as const;
  test("a comment governs the entry behind it and all in it, and is in clear itself", async () => {
    const text = "# seal\nm:\n  # inner\n  a: x\n  b: [y, {c: z}]\nn: w\n";
    assert.deepEqual(await selected(text, seal), ["# inner", "x", "y", "z"]);
  });
  test("further comments before the same entry are governed, too", async () => {
    assert.deepEqual(
      await selected("# before\n# seal\n# behind\n# seal again\na: x\n# later\nb: y\n", seal),
      ["# behind", "# seal again", "x"],
    );
  });
  test("a comment behind a value governs it", async () => {
    assert.deepEqual(await selected("a: x # seal\nb: y\n", seal), ["x"]);
  });
  test("a comment in a list governs the item behind it", async () => {
    assert.deepEqual(await selected("l:\n  - v\n  # seal\n  - x\n  - y\nm: z\n", seal), ["x"]);
  });
  test("what is kept in clear by a comment, with the comments behind it", async () => {
    const text = "# other\n# clear\n# behind\nm:\n  # inner\n  a: x\n# more\nn: w\n";
    assert.deepEqual(await selected(text, clear), ["# other", "# more", "w"]);
  });
  test("in another document nothing is in scope", async () => {
    assert.deepEqual(await selected("# seal\na: x\n---\nb: y\n", seal), ["x"]);
  });
});

test("comments in lists that are to be encrypted are left out where that is asked for", async () => {
  const text = "l:\n  # note\n  - a\nm_unencrypted:\n  # stays\n  - b\n";
  const all = await walked(text, { rule: "default" });
  assert.deepEqual(all.documents, readSopsTree(text, "yaml", "secret.yaml"));
  const without = await walked(text, { rule: "default" }, true);
  assert.deepEqual(
    without.slots.map((slot) => (slot.kind === "comment" ? slot.text : slot.place.toString())),
    ["l[0]", " stays", "m_unencrypted[0]"],
  );
});

test("what is put into a copy leaves the given document as it was", async () => {
  const text = "# c\na: [x, {b: y}]\nl:\n  - z\n";
  const { given, documents, slots } = await walked(text, { rule: "default" });
  for (const slot of slots) {
    if (slot.kind === "comment") slot.put(" new");
    else slot.put({ kind: "bool", value: true });
  }
  assert.deepEqual(
    documents,
    readSopsTree("# new\na: [true, {b: true}]\nl:\n  - true\n", "yaml", "secret.yaml"),
  );
  assert.deepEqual(given, readSopsTree(text, "yaml", "secret.yaml"));
});

test("structures of great depth are refused", async () => {
  const deep = (levels: number): SopsMap => {
    let node: SopsNode = { kind: "null" };
    for (let level = 0; level < levels; level++) {
      node =
        level % 2
          ? { kind: "list", items: [node] }
          : { kind: "map", entries: [{ kind: "entry", key: "k", value: node }] };
    }
    return { kind: "map", entries: [{ kind: "entry", key: "k", value: node }] };
  };
  const selector = await selectorOf({ rule: "default" }, "x");
  const options = { selector, naming: new Naming("secret.yaml", 1), dropsListComments: false };
  assert.equal(walk([deep(500)], options).slots.length, 1);
  assert.throws(() => walk([deep(501)], options), {
    problem: "structure",
    message: /^secret\.yaml: mappings and lists stand more than 500 deep/,
  });
});

test("keys may be long, but not so that a document of many values takes all memory", async () => {
  const keyed = (length: number): SopsMap => {
    const inner: SopsMap = { kind: "map", entries: [{ kind: "entry", key: "v", value: { kind: "null" } }] };
    return { kind: "map", entries: [{ kind: "entry", key: "k".repeat(length), value: inner }] };
  };
  const selector = await selectorOf({ rule: "default" }, "x");
  const options = { selector, naming: new Naming("secret.json", 1), dropsListComments: false };
  assert.equal(walk([keyed(16 * 1024 - 3)], options).slots.length, 1);
  assert.throws(() => walk([keyed(16 * 1024 - 2)], options), {
    problem: "structure",
    message: /^secret\.json: \["k+…"\]\.v: the keys that lead there are longer than 16384 characters$/,
  });
});
