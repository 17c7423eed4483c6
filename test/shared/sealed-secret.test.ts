import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { readDocuments } from "../../shared/document/read-documents.ts";
import { InputError } from "../../shared/errors.ts";
import { parseSealedSecret } from "../../shared/sealed-secret.ts";
import { readCrdExamples } from "../support/crd-examples.ts";

function parsed(spec: string, rest = ""): ReturnType<typeof parseSealedSecret> {
  const text = `{"apiVersion":"bitnami.com/v1alpha1","kind":"SealedSecret","metadata":{"name":"db"},"spec":${spec}${rest}}`;
  return parseSealedSecret(JSON.parse(text), "doc.yaml");
}

/** The document as the command line reads it: with the source of numbers whose text would change. */
function ownReading(text: string): unknown {
  return readDocuments(text, "doc.yaml")[0]?.value;
}

function refusal(document: unknown): InputError {
  try {
    parseSealedSecret(document, "doc.yaml, document 2");
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  assert.fail("was accepted");
}

suite("examples of the resource", () => {
  for (const { name, document, text } of readCrdExamples("accepted")) {
    test(`accepted: ${name}`, () => {
      parseSealedSecret(document, name);
      parseSealedSecret(ownReading(text), name);
    });
  }
  for (const { name, document, text, field } of readCrdExamples("rejected")) {
    test(`rejected: ${name}, at ${field}`, () => {
      const start = `doc.yaml, document 2 is not a valid SealedSecret: ${field} `;
      for (const reading of [document, ownReading(text)]) {
        const { message } = refusal(reading);
        assert.equal(message.slice(0, start.length), start);
      }
    });
  }
});

suite("what a SealedSecret is read as", () => {
  test("names that every object has are items and labels of their own", () => {
    const { spec } = parsed(
      `{"encryptedData":{"__proto__":"A","constructor":"B","toString":"C"},
        "template":{"metadata":{"labels":{"__proto__":"D","constructor":"E"}},"data":{"__proto__":"F","toString":null}}}`,
    );
    assert.deepEqual(Object.entries(spec.encryptedData), [
      ["__proto__", "A"],
      ["constructor", "B"],
      ["toString", "C"],
    ]);
    assert.deepEqual(Object.entries(spec.template?.metadata?.labels ?? {}), [
      ["__proto__", "D"],
      ["constructor", "E"],
    ]);
    assert.deepEqual(Object.entries(spec.template?.data ?? {}), [
      ["__proto__", "F"],
      ["toString", null],
    ]);
  });

  test("a field __proto__ lends its fields to no part of the result", () => {
    const { spec } = parsed(
      `{"encryptedData":{},"__proto__":{"data":"smuggled"},
        "template":{"__proto__":{"type":"smuggled"},"metadata":{"__proto__":{"labels":{"a":5}}}}}`,
    );
    assert.equal(spec.data, undefined);
    assert.equal(spec.template?.type, undefined);
    assert.equal(spec.template?.metadata?.labels, undefined);
  });

  test("unknown fields are kept, SOPS metadata as it is", () => {
    const result = parsed(
      `{"encryptedData":{},"future":[1,null]}`,
      `,"sops":{"__proto__":null,"a":[{"b":null}]},"x":1`,
    );
    assert.deepEqual(result.spec["future"], [1, null]);
    assert.equal(result["x"], 1);
    assert.equal(JSON.stringify(result.sops), '{"__proto__":null,"a":[{"b":null}]}');
  });

  test("a null is left out where the server leaves it out, and kept where it keeps it", () => {
    const { spec } = parsed(
      `{"encryptedData":{"a":null},"data":null,"vault":null,
        "template":{"type":null,"metadata":null,"data":{"a":null}}}`,
    );
    assert.deepEqual(spec, { encryptedData: {}, template: { metadata: null, data: { a: null } } });
  });

  test("the document given stays as it was", () => {
    const document = {
      apiVersion: "bitnami.com/v1alpha1",
      kind: "SealedSecret",
      metadata: { name: "a", labels: null },
    };
    const whole = { ...document, spec: { encryptedData: { a: null }, data: null } };
    const before = structuredClone(whole);
    parseSealedSecret(whole, "doc");
    assert.deepEqual(whole, before);
  });
});

suite("the namespace, which in a file is its author's word", () => {
  const within = (namespace: string) => ({
    ...{ apiVersion: "bitnami.com/v1alpha1", kind: "SealedSecret", spec: { encryptedData: {} } },
    metadata: { name: "db", namespace },
  });
  for (const namespace of ["team", "team-1", "0", "a".repeat(63), ""])
    test(`is one: ${namespace || "none"}`, () => {
      assert.equal(parseSealedSecret(within(namespace), "a file").metadata.namespace, namespace);
    });
  for (const namespace of [
    "*",
    "a/b",
    "team.one",
    "Team",
    "-a",
    "a-",
    "a b",
    "a\u202e",
    "{namespace}",
    "a".repeat(64),
    "a\n",
  ])
    test(`is none: ${JSON.stringify(namespace)}`, () => {
      assert.match(refusal(within(namespace)).message, /metadata\.namespace must be the name of a namespace/);
    });
});

suite("what a refusal says", () => {
  const canary = "canary-7f3a";
  const valid = {
    apiVersion: "bitnami.com/v1alpha1",
    kind: "SealedSecret",
    metadata: { name: "db" },
    spec: { encryptedData: {} },
  };
  const wrong: [string, unknown][] = [
    ["the whole document", canary],
    ["kind", { ...valid, kind: canary }],
    ["apiVersion", { ...valid, apiVersion: canary }],
    ["metadata.name", { ...valid, metadata: { name: `${canary}!` } }],
    ["metadata.namespace", { ...valid, metadata: { name: "db", namespace: `${canary}!` } }],
    ["metadata.labels", { ...valid, metadata: { name: "db", labels: canary } }],
    ["spec", { ...valid, spec: canary }],
    ["spec.data", { ...valid, spec: { encryptedData: {}, data: canary } }],
    ["spec.encryptedData", { ...valid, spec: { encryptedData: canary } }],
    ["spec.encryptedData.a", { ...valid, spec: { encryptedData: { a: [canary] } } }],
    ["spec.template.immutable", { ...valid, spec: { encryptedData: {}, template: { immutable: canary } } }],
    ["spec.vault", { ...valid, spec: { encryptedData: {}, vault: [canary] } }],
    [
      "status time",
      { ...valid, status: { conditions: [{ type: "a", status: "b", lastUpdateTime: canary }] } },
    ],
    ["sops", { ...valid, sops: canary }],
  ];
  for (const [what, document] of wrong) {
    test(`never quotes what it read: ${what}`, () => {
      const { message, hint, cause, stack } = refusal(document);
      assert.ok(!`${message} ${hint} ${String(cause)} ${stack}`.includes(canary), message);
      assert.ok(message.startsWith("doc.yaml, document 2 is not a valid SealedSecret: "), message);
    });
  }

  test("an item's name of control characters is spelled in quotes", () => {
    const { message } = refusal({ ...valid, spec: { encryptedData: { "a\nb": 5 } } });
    assert.equal(
      message,
      'doc.yaml, document 2 is not a valid SealedSecret: spec.encryptedData."a\\nb" must be a string',
    );
  });
});
