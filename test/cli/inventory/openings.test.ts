import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type OpeningOutcome, openings, type ValueOpener } from "../../../cli/inventory/openings.ts";
import { readSealedObject } from "../../../cli/inventory/read-object.ts";
import type { SealedObject } from "../../../cli/inventory/sealed-object.ts";
import { fromUtf8 } from "../../../shared/bytes.ts";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import type { OpeningKey } from "../../../shared/seal/rsa-hybrid.ts";
import { bothKeys, newer, older, sealedUnder } from "./inventory-world.ts";

const OPENER: ValueOpener = { keys: bothKeys, keyServices: null, sops: null };

function objectOf(document: object): SealedObject {
  return readSealedObject(document, { origin: { kind: "cluster" }, where: "it", namespace: null });
}

/** What came of each value, by object and item. */
async function outcomesOf(documents: readonly object[], opener: Partial<ValueOpener> = {}) {
  const objects = documents.map(objectOf);
  const found = await openings(objects, { ...OPENER, ...opener });
  return objects.map(({ values }) =>
    Object.fromEntries(values.map((value) => [value.item, found.get(value)] as const)),
  );
}

const kindOf = (outcome: OpeningOutcome | undefined) => outcome?.kind;

/** A key that counts what it is asked. */
function counted(key: OpeningKey): { key: OpeningKey; count: () => number } {
  let asked = 0;
  const unwrap: OpeningKey["unwrap"] = (block, label) => {
    asked += 1;
    return key.unwrap(block, label);
  };
  return { key: { ...key, unwrap }, count: () => asked };
}

const db = await sealedUnder(older, { name: "db", items: { user: "al", password: "hunter2" } });
const moved = { ...db, metadata: { ...db.metadata, name: "moved" } };

suite("which key opens a value", () => {
  test("is told by opening it, whatever its object claims", async () => {
    const lying = await sealedUnder(older, { name: "lies", items: { a: "x" }, claim: newer.fingerprint });
    const [honest, lies] = await outcomesOf([db, lying]);
    assert.deepEqual(honest, {
      user: { kind: "opened", key: older.fingerprint, marks: [] },
      password: { kind: "opened", key: older.fingerprint, marks: [] },
    });
    assert.deepEqual(lies, { a: { kind: "opened", key: older.fingerprint, marks: [] } });
  });

  test("a claim saves trials of other keys", async () => {
    const other = counted(newer.opening);
    await outcomesOf([db], { keys: [other.key, older.opening] });
    assert.equal(other.count(), 0);
  });

  test("is not known where its key is not at hand", async () => {
    const [found] = await outcomesOf([db], { keys: [newer.opening] });
    assert.deepEqual(found, { user: { kind: "not-opened" }, password: { kind: "not-opened" } });
    assert.deepEqual((await outcomesOf([db], { keys: [] }))[0], found);
  });

  test("a value for another place names its key, and does not open", async () => {
    assert.deepEqual((await outcomesOf([moved]))[0]?.["user"], {
      kind: "sealed-elsewhere",
      key: older.fingerprint,
    });
  });

  test("values that are none, or damaged, are told one by one", async () => {
    const text = db.spec.encryptedData["user"] ?? "";
    const bytes = Buffer.from(text, "base64");
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    const items = { user: text, cut: "AgB!", bad: bytes.toString("base64"), later: "pq:1:abc" };
    const [found] = await outcomesOf([{ ...db, spec: { encryptedData: items } }]);
    assert.deepEqual(Object.values(found ?? {}).map(kindOf), ["opened", "damaged", "damaged", "damaged"]);
  });

  test("of the old form, and of values beside it, is told too", async () => {
    const whole = { ...db, spec: { ...db.spec, data: db.spec.encryptedData["user"] } };
    const [found] = await outcomesOf([whole]);
    assert.deepEqual(Object.values(found ?? {}).map(kindOf), ["opened", "opened", "opened"]);
  });
});

suite("opening many objects", () => {
  test("opens the same text at the same place once, and at another one again", async () => {
    const { key, count } = counted(older.opening);
    const claimless = { ...db, metadata: { ...db.metadata, annotations: {} } };
    const found = await outcomesOf([db, claimless, db, moved], { keys: [key] });
    assert.deepEqual(
      found.map((values) => Object.values(values).map(kindOf)),
      [
        ["opened", "opened"],
        ["opened", "opened"],
        ["opened", "opened"],
        ["sealed-elsewhere", "sealed-elsewhere"],
      ],
    );
    // Two of db, two of the moved one.
    assert.equal(count(), 4);
  });

  test("opens a text anew where another scope reads it", async () => {
    const wide = {
      ...db,
      metadata: { ...db.metadata, annotations: { "sealedsecrets.bitnami.com/cluster-wide": "true" } },
    };
    const [strict, other] = await outcomesOf([db, wide]);
    assert.deepEqual([kindOf(strict?.["user"]), kindOf(other?.["user"])], ["opened", "sealed-elsewhere"]);
  });

  test("gives a plaintext to its mark alone, and wipes it then", async () => {
    const seen: { text: string | null; bytes: Uint8Array }[] = [];
    const markOf = (bytes: Uint8Array) => {
      seen.push({ text: fromUtf8(bytes), bytes });
      return `mark of ${seen.length}`;
    };
    const [found] = await outcomesOf([db, db], { markOf });
    assert.deepEqual(
      seen.map(({ text }) => text),
      ["al", "hunter2"],
    );
    assert.ok(seen.every(({ bytes }) => bytes.every((byte) => byte === 0)));
    assert.deepEqual(found?.["password"], { kind: "opened", key: older.fingerprint, marks: ["mark of 2"] });
  });
});

test("a Secret that was sealed whole has the marks of its items, too", async () => {
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "db" },
    stringData: { a: "one", b: "two" },
  };
  const whole = await sealedUnder(older, { name: "db", items: { data: JSON.stringify(secret) } });
  const text = whole.spec.encryptedData["data"];
  const markOf = (bytes: Uint8Array) => fromUtf8(bytes)?.slice(0, 3) ?? null;
  const marks = ['{"a', "one", "two"];
  const [found] = await outcomesOf([{ ...whole, spec: { encryptedData: {}, data: text } }], { markOf });
  assert.deepEqual(found?.["data"], { kind: "opened", key: older.fingerprint, marks });
  // As a value like any other it is one text.
  const [plain] = await outcomesOf([whole], { markOf });
  assert.deepEqual(plain?.["data"], { kind: "opened", key: older.fingerprint, marks: marks.slice(0, 1) });
  const none = await sealedUnder(older, { name: "db", items: { data: "no Secret: [" } });
  const broken = { ...none, spec: { encryptedData: {}, data: none.spec.encryptedData["data"] } };
  assert.deepEqual((await outcomesOf([broken], { markOf }))[0]?.["data"], {
    kind: "opened",
    key: older.fingerprint,
    marks: ["no "],
  });
});

suite("values of other backends", () => {
  const remote = { ...db, spec: { encryptedData: { ...db.spec.encryptedData, k: "kms:1:abc" } } };

  test("are not tried where nobody is to be asked", async () => {
    const [found] = await outcomesOf([remote]);
    assert.deepEqual([kindOf(found?.["user"]), kindOf(found?.["k"])], ["opened", "not-tried"]);
  });

  test("are opened by their service, with the binding of their object, even where others of it do not open", async () => {
    const bindings: unknown[] = [];
    const unsealerFor = (backend: string, namespace: string) => ({
      async unsealAll(items: ReadonlyMap<string, string>, binding: unknown) {
        bindings.push([backend, namespace, [...items.keys()], binding]);
        const plaintext = new Uint8Array([1]);
        return new Map(
          [...items.keys()].map((item) => [item, { kind: "opened", plaintext, keyId: "kms:key" }] as const),
        );
      },
    });
    const [found] = await outcomesOf([remote], { keys: [newer.opening], keyServices: { unsealerFor } });
    assert.deepEqual(found?.["k"], { kind: "opened", key: "kms:key", marks: [] });
    assert.equal(kindOf(found?.["user"]), "not-opened");
    const scope = { kind: "strict", namespace: "team", name: "db" };
    assert.deepEqual(bindings, [["kms", "team", ["k"], { clusterId: null, scope }]]);
  });

  test("whose service does not answer are no fault of theirs", async () => {
    const failure = new KeyServiceError("unavailable", "AWS KMS does not answer", "try again");
    const unsealerFor = () => ({ unsealAll: () => Promise.reject(failure) });
    const [found] = await outcomesOf([remote], { keyServices: { unsealerFor } });
    assert.deepEqual(found?.["k"], {
      kind: "not-tried",
      problem: "AWS KMS does not answer",
      next: "try again",
    });
  });
});
