import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { FIELD_MANAGER } from "../../../controller/reconcile/secret-origin.ts";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import type { EmbeddedCluster } from "../../embedded-cluster/embedded-cluster.ts";
import type { Fault } from "../../embedded-cluster/faults.ts";
import { pairSecret, sealingPair } from "../sealing-key.ts";
import { type ControllerScene, controllerScene, type SceneOptions } from "./controller-scene.ts";

const key = pairSecret(await sealingPair(), "sealed-secrets-key1");
const OTHER_TYPE = "example.com/other";
const SECRET = /\/namespaces\/team\/secrets\/db$/;
const SECRETS = /\/namespaces\/team\/secrets$/;
/** Of the trial the query says that it is one. */
const REAL = /^\??fieldManager=[^&]*$/;

/** A Secret of our making, and a SealedSecret that from now on wants one of another type in its place. */
async function changedType(context: TestContext, options: SceneOptions = {}, faults: readonly Fault[] = []) {
  const scene = await controllerScene(context, { keys: [key], ...options });
  await scene.seal("db", { a: "1" });
  await scene.untilSynced("db", { a: "1" });
  // This API server keeps no record of who wrote what.
  const record = { manager: FIELD_MANAGER, operation: "Update", fieldsV1: { "f:type": {} } };
  change(scene.cluster, "secrets", ({ metadata }) => ({
    metadata: { ...metadata, managedFields: [record] },
  }));
  for (const fault of faults) scene.cluster.faults.add(fault);
  const before = scene.cluster.store.get("secrets", "team", "db");
  scene.secretWrites.length = 0;
  change(scene.cluster, "sealedsecrets.bitnami.com", ({ metadata, ...object }) => ({
    metadata: {
      ...metadata,
      generation: (metadata.generation ?? 0) + 1,
      annotations: { ...metadata.annotations, "signet.dev/recreate": "true" },
    },
    spec: { ...(object["spec"] as object), template: { type: OTHER_TYPE } },
  }));
  return { scene, uid: before?.metadata.uid };
}

function change(
  { store }: EmbeddedCluster,
  resource: string,
  changes: (object: ApiObject) => Partial<ApiObject>,
): void {
  const object = store.get(resource, "team", "db") ?? assert.fail("not there");
  store.put({ ...object, ...changes(object) } as ApiObject);
}

async function untilAnew(scene: ControllerScene, uid: string | undefined): Promise<void> {
  await scene.until("the Secret of the other type", () => {
    const secret = scene.cluster.store.get("secrets", "team", "db");
    return secret?.["type"] === OTHER_TYPE && secret.metadata.uid !== uid;
  });
  await scene.untilSynced("db", { a: "1" });
}

const methods = (scene: ControllerScene) => scene.secretWrites.map(({ method }) => method);
const said = (scene: ControllerScene) => scene.lines.join("");

test("without faults: one trial, one deletion, one creation", async (context) => {
  const { scene, uid } = await changedType(context);
  await untilAnew(scene, uid);
  assert.deepEqual(methods(scene), ["POST", "DELETE", "POST"]);
});

const between: [string, Fault, RegExp][] = [
  ["is refused", { method: "POST", path: SECRETS, query: REAL, times: 2, status: 500 }, /answered 500/],
  [
    "gets no answer",
    { method: "POST", path: SECRETS, query: REAL, times: 2, effect: "reset" },
    /cannot reach/,
  ],
];
for (const [name, fault, cause] of between) {
  test(`the creation after the deletion ${name}: it is told, and made up for`, async (context) => {
    const { scene, uid } = await changedType(context, {}, [fault]);
    await untilAnew(scene, uid);
    assert.match(said(scene), /Secret \\"db\\" was deleted to be created anew, which is tried again: /);
    assert.match(said(scene), cause);
    assert.deepEqual(methods(scene), ["POST", "DELETE", "POST", "POST", "POST"], "deleted once");
  });
}

test("the creation was served, and its answer lost: nothing is deleted a second time", async (context) => {
  const lost: Fault = {
    method: "POST",
    path: SECRETS,
    query: REAL,
    times: 1,
    afterServing: true,
    effect: "reset",
  };
  const { scene, uid } = await changedType(context, {}, [lost]);
  await untilAnew(scene, uid);
  assert.equal(methods(scene).filter((method) => method === "DELETE").length, 1);
});

test("the deletion was served, and its answer lost: the next look creates", async (context) => {
  const lost: Fault = { method: "DELETE", path: SECRET, times: 1, afterServing: true, effect: "reset" };
  const { scene, uid } = await changedType(context, {}, [lost]);
  await untilAnew(scene, uid);
  assert.equal(methods(scene).filter((method) => method === "DELETE").length, 1);
});

test("a deletion that fails is tried again, and until then the old Secret stands", async (context) => {
  const failing: Fault = { method: "DELETE", path: SECRET, times: 2, status: 503 };
  const { scene, uid } = await changedType(context, {}, [failing]);
  await untilAnew(scene, uid);
  assert.match(said(scene), /Secret \\"db\\" must be created anew: cannot delete/);
});

test("the controller ends between deletion and creation: the next one creates the Secret", async (context) => {
  const never: Fault = { method: "POST", path: SECRETS, query: REAL, status: 503 };
  const { scene, uid } = await changedType(context, {}, [never]);
  await scene.until("the deletion", () => scene.cluster.store.get("secrets", "team", "db") === null);
  await scene.stop();
  assert.equal(scene.items("db"), null);
  scene.cluster.faults.clear();
  const next = await controllerScene(context, { keys: [key], on: scene.cluster });
  await untilAnew(next, uid);
});

test("a trial that is refused costs nobody the old Secret", async (context) => {
  const refused: Fault = { method: "POST", path: SECRETS, query: /dryRun=All/, status: 422 };
  const { scene } = await changedType(context, {}, [refused]);
  const condition = await scene.until("the refusal", () => {
    const found = scene.condition("db", "Stalled");
    return found?.reason === "UpdateFailed" && found;
  });
  assert.match(
    condition.message ?? "",
    /^Secret "db" must be created anew and stays as it is, since that would fail: /,
  );
  assert.deepEqual(scene.items("db"), { a: "1" });
  assert.ok(!methods(scene).includes("DELETE"));
});
