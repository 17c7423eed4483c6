import assert from "node:assert/strict";
import { test } from "node:test";
import { recordedInputs } from "../../../controller/reconcile/recorded-inputs.ts";
import { watchedObject } from "../../../controller/reconcile/watched-object.ts";

const MARK = "kustomize.toolkit.fluxcd.io/decrypt";

function watched(sops: object | undefined, annotations: Record<string, string> = {}) {
  return watchedObject({
    apiVersion: "bitnami.com/v1alpha1",
    kind: "SealedSecret",
    metadata: { namespace: "team", name: "db", uid: "u", annotations },
    spec: { encryptedData: { a: "x" } },
    ...(sops === undefined ? {} : { sops }),
  });
}

test("the record of a SOPS document stands for one cluster id, that of another object for any", () => {
  const [plain, sops] = [watched(undefined), watched({ mac: "x" })];
  assert.deepEqual([plain.isSops, sops.isSops], [false, true]);
  assert.equal(
    recordedInputs(plain, "one"),
    plain.inputs,
    "records made before there were such documents hold",
  );
  assert.equal(recordedInputs(plain, "one"), recordedInputs(plain, "two"));
  const ids = ["one", "two", null].map((id) => recordedInputs(sops, id));
  assert.equal(new Set([...ids, sops.inputs]).size, 4);
});

test("metadata of SOPS decides how the Secret looks, and so does the mark that keeps Flux off where there is such", () => {
  assert.notEqual(watched({ mac: "x" }).inputs, watched({ mac: "y" }).inputs);
  assert.notEqual(watched({ mac: "x" }).inputs, watched({ mac: "x" }, { [MARK]: "Disabled" }).inputs);
  assert.equal(watched(undefined).inputs, watched(undefined, { [MARK]: "Disabled" }).inputs);
});
