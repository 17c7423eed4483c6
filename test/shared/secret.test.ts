import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { readDocuments } from "../../shared/document/read-documents.ts";
import { InputError } from "../../shared/errors.ts";
import { isItemName, parseSecret } from "../../shared/secret.ts";

function parse(yaml: string) {
  return parseSecret(readDocuments(yaml, "in")[0]?.value ?? null, "in");
}

const HEAD = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\n";

function itemsOf(yaml: string): Record<string, string> {
  return Object.fromEntries(
    [...parse(HEAD + yaml).items].map(([k, v]) => [k, Buffer.from(v).toString("latin1")]),
  );
}

function refusal(yaml: string): InputError {
  try {
    parse(yaml);
  } catch (error) {
    assert.ok(error instanceof InputError, String(error));
    return error;
  }
  assert.fail("was accepted");
}

suite("a Secret", () => {
  test("is read with its metadata; what a cluster wrote is named, not kept (W7)", () => {
    const secret = parse(`apiVersion: v1
kind: Secret
metadata:
  name: db
  namespace: team-a
  generateName: db-
  labels: {a: b, n: 1}
  annotations:
    x: "y"
    kubectl.kubernetes.io/last-applied-configuration: plaintext
    kubecfg.ksonnet.io/last-applied-configuration: plaintext
  uid: "1"
  creationTimestamp: null
  finalizers: [x]
type: Opaque
immutable: true
data: {a: aGk=}
`);
    assert.deepEqual(
      { ...secret, items: [...secret.items.keys()] },
      {
        name: "db",
        namespace: "team-a",
        generateName: "db-",
        labels: { a: "b", n: "1" },
        annotations: { x: "y" },
        droppedMetadata: ["uid", "finalizers"],
        type: "Opaque",
        immutable: true,
        items: ["a"],
      },
    );
  });

  const values: readonly [string, string, Record<string, string>][] = [
    ["data is base64", "data: {a: aGk=, b: '', c: null}", { a: "hi", b: "", c: "" }],
    ["line breaks in base64 do not count", "data:\n  a: |\n    aG\n    k=\n", { a: "hi" }],
    ["data may hold any bytes", "data: {a: /wA=}", { a: "\u00ff\u0000" }],
    ["stringData is text", "stringData: {a: hi, b: '', c: null}", { a: "hi", b: "", c: "" }],
    ["stringData wins over data", "data: {a: aGk=}\nstringData: {a: text}", { a: "text" }],
    [
      "numbers and truth values that lose nothing are texts",
      "stringData: {a: 12, b: 1.5, c: true, d: -7}",
      { a: "12", b: "1.5", c: "true", d: "-7" },
    ],
    [
      "large integers are what is written",
      "stringData: {a: 12345678901234567890}",
      { a: "12345678901234567890" },
    ],
    [
      "words that YAML 1.1 took for truth values are texts",
      "stringData: {a: yes, b: no, y: n}",
      { a: "yes", b: "no", y: "n" },
    ],
    ["dates are texts", "stringData: {a: 2020-01-01}", { a: "2020-01-01" }],
  ];
  for (const [name, yaml, items] of values) test(name, () => assert.deepEqual(itemsOf(yaml), items));

  test("may be immutable in any spelling of a truth value", () => {
    assert.equal(parse(`${HEAD}immutable: True\n`).immutable, true);
    assert.equal(parse(`${HEAD}immutable: false\n`).immutable, false);
    assert.equal(parse(HEAD).immutable, null);
  });

  test("may have an item named like the prototype", () => {
    assert.deepEqual(
      [...parse(`${HEAD}stringData: {__proto__: x, toString: y}`).items.keys()],
      ["__proto__", "toString"],
    );
  });
});

suite("what is no Secret is refused by place, without its values", () => {
  const cases: readonly [string, string, string][] = [
    ["text", "canary", "in is not a Secret: it is not a map of fields"],
    ["a list", "- canary", "in is not a Secret: it is not a map of fields"],
    ["another kind", "apiVersion: apps/v1\nkind: Deployment", 'in is not a Secret: its kind is "Deployment"'],
    ["no kind", "data: {a: canary}", "in is not a Secret: it has no kind"],
    ["another version", "apiVersion: v2\nkind: Secret", 'in is not a Secret: its apiVersion is "v2"'],
    ["a SealedSecret", "kind: SealedSecret", "in is a SealedSecret already"],
    [
      "no base64",
      `${HEAD}data: {a: canary!}`,
      'in (Secret "db"): data.a is not base64: illegal character or length at position 6',
    ],
    ["a number in data", `${HEAD}data: {a: 12}`, 'in (Secret "db"): data.a is not a string'],
    [
      "a list in stringData",
      `${HEAD}stringData: {a: [canary]}`,
      'in (Secret "db"): stringData.a is not a string',
    ],
    [
      "a number that would change",
      `${HEAD}stringData: {a: 0777}`,
      'in (Secret "db"): stringData.a is a number or truth value whose text would change',
    ],
    [
      "a truth value that would change",
      `${HEAD}stringData: {a: True}`,
      'in (Secret "db"): stringData.a is a number or truth value whose text would change',
    ],
    ["items that are no map", `${HEAD}data: canary`, 'in (Secret "db"): data must be a map of items'],
    [
      "an item name no Secret may have",
      `${HEAD}data: {a/b: aGk=}`,
      'in (Secret "db"): data.a/b is not a name a Secret\'s item may have',
    ],
    [
      "metadata that is no map",
      "apiVersion: v1\nkind: Secret\nmetadata: canary",
      "in: metadata must be a map",
    ],
    [
      "labels that are no map",
      "apiVersion: v1\nkind: Secret\nmetadata: {labels: canary}",
      "in: metadata.labels must be a map of strings",
    ],
    [
      "a field in other letters",
      `${HEAD}StringData: {a: canary}`,
      "in: StringData is not a field of a Secret",
    ],
    ["a type that is no text", `${HEAD}type: [canary]`, 'in (Secret "db"): type is not a string'],
    [
      "immutable that is no truth value",
      `${HEAD}immutable: canary`,
      'in (Secret "db"): immutable must be true or false',
    ],
  ];
  for (const [name, yaml, message] of cases) {
    test(name, () => {
      const error = refusal(yaml);
      assert.equal(error.message, message);
      assert.ok(!`${error.message} ${error.hint}`.includes("canary"));
    });
  }
});

suite("names of items", () => {
  for (const name of ["a", "A.b-c_d", ".x", "..x".slice(1), "a".repeat(253)]) {
    test(`${name.slice(0, 20)} is one`, () => assert.ok(isItemName(name)));
  }
  for (const name of ["", ".", "..", "..x", "a b", "a/b", "é", "a".repeat(254), "a\n"]) {
    test(`${JSON.stringify(name.slice(0, 20))} is none`, () => assert.ok(!isItemName(name)));
  }
});
