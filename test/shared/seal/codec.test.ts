import assert from "node:assert/strict";
import { suite, test } from "node:test";
import fc from "fast-check";
import { formOf, type ValueForm } from "../../../shared/seal/codec.ts";
import { type ClassicVector, readVectors } from "../../support/vectors.ts";

const table: [string, ValueForm][] = [
  ["AgBy3i4OJSWK", { backend: "classic" }],
  ["", { backend: "classic" }],
  ["kms", { backend: "classic" }],
  ["not base64!", { backend: "classic" }],
  [" kms:1:x", { backend: "classic" }],
  ["9lives:1", { backend: "classic" }],
  [":1", { backend: "classic" }],
  ["kms:1:AQID", { backend: "kms" }],
  ["kms:", { backend: "kms" }],
  ["vault:1:transit/app:vault:v1:AA", { backend: "vault" }],
  ["pq:1:AA", { backend: "pq" }],
  ["ENC[AES256_GCM,data:AA==,iv:AA==,tag:AA==,type:str]", { backend: "sops" }],
  ["ENC[", { backend: "sops" }],
  ["enc[AES256_GCM]", { backend: "classic" }],
  ["KMS:1:AQID", { backend: "unknown", prefix: "KMS" }],
  ["gcpkms:1:AQID", { backend: "unknown", prefix: "gcpkms" }],
  ["toString:1", { backend: "unknown", prefix: "toString" }],
  ["https://example.com", { backend: "unknown", prefix: "https" }],
];

suite("which backend wrote a value", () => {
  for (const [value, form] of table) {
    test(`${JSON.stringify(value)}: ${form.backend}`, () => assert.deepEqual(formOf(value), form));
  }

  test("what is base64 is classic, whatever it begins with", () => {
    fc.assert(
      fc.property(fc.base64String(), (text) => assert.deepEqual(formOf(text), { backend: "classic" })),
    );
    for (const { sealed, expect } of readVectors<ClassicVector>("classic/cases")) {
      if (expect.outcome === "opened") assert.deepEqual(formOf(sealed), { backend: "classic" });
    }
  });

  test("a word and a colon is never taken for base64", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z][a-z0-9]{0,20}$/), fc.string(), (word, rest) =>
        assert.notEqual(formOf(`${word}:${rest}`).backend, "classic"),
      ),
    );
  });
});
