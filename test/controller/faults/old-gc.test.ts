import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ON_REMOVAL_ANNOTATION } from "../../../controller/reconcile/object-policy.ts";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { pairSecret, sealingPair } from "../sealing-key.ts";
import { controllerScene, type SceneOptions } from "./controller-scene.ts";

const key = pairSecret(await sealingPair(), "sealed-secrets-key1");
const SEALED = "sealedsecrets.bitnami.com";

/** A controller that collects itself, in a cluster that collects nothing, with a SealedSecret `db` in sync. */
async function collecting(context: TestContext, { args = [], ...options }: SceneOptions = {}) {
  const scene = await controllerScene(context, {
    keys: [key],
    args: ["--old-gc-behavior", ...args],
    // Nothing else deletes Secrets within the test.
    cluster: { sealedSecrets: true, collectionDelayMs: 2 ** 30 },
    ...options,
  });
  await scene.seal("db", { a: "1" });
  return scene;
}

test("the Secret of a SealedSecret that is deleted goes, and no other", async (context) => {
  const scene = await collecting(context);
  await scene.seal("other", { a: "1" });
  await scene.untilSynced("db", { a: "1" });
  await scene.untilSynced("other", { a: "1" });
  scene.cluster.store.delete(SEALED, "team", "db");
  await scene.until("the Secret to be deleted", () => scene.items("db") === null);
  assert.deepEqual(scene.items("other"), { a: "1" });
});

test("a Secret that was about to be created when its SealedSecret went goes, too", async (context) => {
  const scene = await collecting(context, {
    prepare: ({ faults }) =>
      void faults.add({ method: "POST", path: /team\/secrets$/, times: 1, delayMs: 400 }),
  });
  await scene.until("the Secret to be under way", () =>
    scene.cluster.requests.some(({ method, path }) => method === "POST" && path.endsWith("/team/secrets")),
  );
  scene.cluster.store.delete(SEALED, "team", "db");
  await scene.until("the Secret to be created", () => scene.items("db") !== null);
  await scene.until("the Secret to be deleted", () => scene.items("db") === null);
});

test("a SealedSecret that says retain at its end keeps its Secret, even if that was not carried out yet", async (context) => {
  const scene = await collecting(context);
  await scene.untilSynced("db", { a: "1" });
  scene.cluster.faults.add({ method: "PUT", path: /team\/secrets\/db$/, status: 500 });
  const object = scene.cluster.store.get(SEALED, "team", "db") ?? assert.fail();
  const annotations = { [ON_REMOVAL_ANNOTATION]: "retain" };
  scene.cluster.store.put({ ...object, metadata: { ...object.metadata, annotations } } as ApiObject);
  await scene.until("an attempt", () =>
    scene.cluster.requests.some(({ method, path }) => method === "PUT" && path.endsWith("/team/secrets/db")),
  );
  scene.cluster.store.delete(SEALED, "team", "db");
  await scene.until("let go", async () => !(await scene.metrics()).includes('name="db"'));
  await sleep(1500);
  assert.deepEqual(scene.items("db"), { a: "1" });
});

test("a missing right to delete Secrets is told, and does no harm", async (context) => {
  const scene = await collecting(context);
  await scene.untilSynced("db", { a: "1" });
  scene.cluster.faults.add({ method: "DELETE", path: /team\/secrets\/db$/, status: 403 });
  scene.cluster.store.delete(SEALED, "team", "db");
  const line = await scene.until("the log to tell it", () =>
    scene.lines.find((one) => one.includes("Cannot delete the Secret of a SealedSecret that is gone")),
  );
  assert.match(line, /level=WARN .*grant delete on secrets/);
  await scene.seal("next", { a: "1" });
  await scene.untilSynced("next", { a: "1" });
});
