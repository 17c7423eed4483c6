import assert from "node:assert/strict";
import { test } from "node:test";
import { createdBySignet, FIELD_MANAGER } from "../../../controller/reconcile/secret-origin.ts";
import { createdBy, existing } from "./objects.ts";

const entry = {
  manager: FIELD_MANAGER,
  operation: "Update",
  apiVersion: "v1",
  fieldsType: "FieldsV1",
  fieldsV1: { "f:data": {}, "f:type": {} },
};

test("a Secret whose type stands under our name in the server's record is of our making", () => {
  assert.equal(createdBySignet(existing({ managedFields: [entry] })), true);
  assert.equal(createdBySignet(existing(createdBy(FIELD_MANAGER))), true);
  const applied = { ...entry, manager: "argocd-controller", operation: "Apply" };
  assert.equal(createdBySignet(existing({ managedFields: [applied, entry] })), true);
});

const others: [string, unknown][] = [
  ["absent", undefined],
  ["null", null],
  ["empty", []],
  ["no list", { 0: entry }],
  ["a list of other things", [null, "x", 7]],
  ["of another manager", [{ ...entry, manager: "kubectl-create" }]],
  ["of the reference", [{ ...entry, manager: "controller" }]],
  ["of a manager whose name begins like ours", [{ ...entry, manager: `${FIELD_MANAGER}-2` }]],
  [
    "of ours without the type, as after taking it over",
    [{ ...entry, fieldsV1: { "f:data": { "f:a": {} } } }],
  ],
  ["of ours by apply", [{ ...entry, operation: "Apply" }]],
  ["of ours for a subresource", [{ ...entry, subresource: "status" }]],
  ["of ours without fields", [{ ...entry, fieldsV1: undefined }]],
];
for (const [name, managedFields] of others) {
  test(`a record that is ${name} is none of our making`, () => {
    assert.equal(createdBySignet(existing({ managedFields })), false);
  });
}
