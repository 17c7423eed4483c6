import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Edit, editDocument } from "../../../shared/document/edit-document.ts";
import { readDocuments } from "../../../shared/document/read-documents.ts";
import { InputError } from "../../../shared/errors.ts";
import { UnquotedScalar } from "../../../shared/unquoted-scalar.ts";
import { remove, set } from "../../support/edit-notation.ts";
import { processorTime } from "../../support/processor-time.ts";

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
      "line 1 cannot be edited in place: it has lines that end with a carriage return alone",
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
    const took = processorTime();
    const edited = editDocument(
      text,
      keys.map((key) => set(`spec/encryptedData/${key}`, "B".repeat(700))),
      "in",
    );
    assert.equal(edited, text.replaceAll("AAAAAAA", "BBBBBBB"));
    assert.ok(took() < 10_000);
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
