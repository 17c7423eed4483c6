import assert from "node:assert/strict";
import { test } from "node:test";
import { collectSecret } from "../../../controller/reconcile/collect.ts";
import {
  MANAGED_ANNOTATION,
  MANAGED_ITEMS_ANNOTATION,
  PATCH_ANNOTATION,
  type SecretObject,
} from "../../../controller/reconcile/secret-object.ts";
import { KubeApiError } from "../../../shared/kube/api-error.ts";
import { KEY_LABEL } from "../../../shared/sealing-key-secret.ts";
import { type Step, scriptedClient } from "../../support/scripted-client.ts";
import { existing, OUR_REFERENCE, OUR_UID, sealedSecret } from "./objects.ts";

const SECRET = "/api/v1/namespaces/team/secrets/db";
const SEALED = "/apis/bitnami.com/v1alpha1/namespaces/team/sealedsecrets/db";
const OWNED = { ownerReferences: [OUR_REFERENCE] };

const read = (answer: Step["answer"]): Step => ({ method: "GET", path: SECRET, answer });
const ask = (answer: Step["answer"] = 404): Step => ({ method: "GET", path: SEALED, answer });
const remove = (answer: Step["answer"]): Step => ({ method: "DELETE", path: SECRET, answer });

async function collect(...steps: Step[]) {
  const script = scriptedClient(steps);
  const gone = { namespace: "team", name: "db", uid: OUR_UID };
  const became = await collectSecret(gone, { client: script.client, signal: new AbortController().signal });
  script.done();
  return { became, requests: script.requests };
}

test("the Secret of a SealedSecret that is gone is deleted in the version that was read", async () => {
  const { became, requests } = await collect(read(existing(OWNED)), ask(), remove({ kind: "Status" }));
  assert.equal(became, "deleted");
  assert.deepEqual(requests[2]?.body, {
    apiVersion: "v1",
    kind: "DeleteOptions",
    preconditions: { uid: existing().metadata.uid, resourceVersion: "41" },
  });
});

test("one that is gone already is no failure", async () => {
  assert.equal((await collect(read(404))).became, "left");
  assert.equal((await collect(read(existing(OWNED)), ask(), remove(404))).became, "deleted");
});

const left: [string, SecretObject][] = [
  ["of somebody else", existing()],
  ["of a SealedSecret of another uid", existing({ ownerReferences: [{ ...OUR_REFERENCE, uid: "other" }] })],
  [
    "that names ours not as its controller",
    existing({ ownerReferences: [{ ...OUR_REFERENCE, controller: false }] }),
  ],
  ["that was to stay", existing({ annotations: { [MANAGED_ANNOTATION]: "true" } })],
  [
    "that was merged into by its own mark",
    existing({ ...OWNED, annotations: { [PATCH_ANNOTATION]: "true" } }),
  ],
  [
    "that was merged into by policy",
    existing({ ...OWNED, annotations: { [MANAGED_ITEMS_ANNOTATION]: "[]" } }),
  ],
  ["that holds a key", existing({ ...OWNED, labels: { [KEY_LABEL]: "active" } })],
  ["that is being deleted", existing({ ...OWNED, deletionTimestamp: "2030-01-01T00:00:00Z" })],
];
for (const [name, secret] of left) {
  test(`a Secret ${name} stays`, async () => {
    assert.equal((await collect(read(secret))).became, "left");
  });
}

test("while the SealedSecret still stands nothing is deleted: the watch may only have lost sight of it", async () => {
  assert.equal((await collect(read(existing(OWNED)), ask(sealedSecret()))).became, "left");
  const going = sealedSecret({ metadata: { deletionTimestamp: "2030-01-01T00:00:00Z" } });
  assert.equal((await collect(read(existing(OWNED)), ask(going))).became, "left");
});

test("another SealedSecret of that name does not keep the Secret of the one that is gone", async () => {
  const other = sealedSecret({ metadata: { uid: "other" } });
  assert.equal((await collect(read(existing(OWNED)), ask(other), remove({}))).became, "deleted");
});

test("one that changed meanwhile is looked at once more", async () => {
  const taken = existing({ ownerReferences: [{ ...OUR_REFERENCE, uid: "other" }] });
  const { became } = await collect(read(existing(OWNED)), ask(), remove(409), read(taken));
  assert.equal(became, "left");
  const round = () => [read(existing(OWNED)), ask(), remove(409)];
  await assert.rejects(
    collect(...round(), ...round(), ...round(), ...round(), ...round()),
    (error) => error instanceof KubeApiError && error.status === 409,
  );
});

test("what cannot be asked is not taken for gone", async () => {
  for (const status of [403, 500]) {
    const refused = (error: unknown) => error instanceof KubeApiError && error.status === status;
    await assert.rejects(collect(read(status)), refused);
    await assert.rejects(collect(read(existing(OWNED)), ask(status)), refused);
    await assert.rejects(collect(read(existing(OWNED)), ask(), remove(status)), refused);
  }
});
