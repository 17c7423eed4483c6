import assert from "node:assert/strict";
import { test } from "node:test";
import { ON_REMOVAL_ANNOTATION } from "../../../controller/reconcile/object-policy.ts";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { pairSecret, sealingPair } from "../sealing-key.ts";
import { controllerScene } from "./controller-scene.ts";

const key = pairSecret(await sealingPair(), "sealed-secrets-key1");

test("the record is of the version that was carried out, whatever an author takes back meanwhile", async (context) => {
  let late = false;
  const scene = await controllerScene(context, {
    keys: [key],
    args: ["--skip-recreate"],
    answerDelayMs: ({ path }) => (late && /\/(secrets\/db|db\/status)$/.test(path) ? 300 : 0),
  });
  const { store, requests } = scene.cluster;
  const secret = () => store.get("secrets", "team", "db") ?? assert.fail();
  const annotate = (annotations: Record<string, string>) => {
    const object = store.get("sealedsecrets.bitnami.com", "team", "db") ?? assert.fail();
    store.put({ ...object, metadata: { ...object.metadata, annotations } } as ApiObject);
  };
  const asked = (method: string, path: RegExp) =>
    requests.filter((request) => request.method === method && path.test(request.path)).length;
  await scene.seal("db", { a: "1" });
  await scene.untilSynced("db", { a: "1" });
  await scene.until("the record", () => {
    const status = store.get("sealedsecrets.bitnami.com", "team", "db")?.["status"] as { signet?: object };
    return status.signet !== undefined;
  });

  late = true;
  const looks = asked("GET", /\/secrets\/db$/);
  const told = asked("PUT", /\/db\/status$/);
  annotate({ [ON_REMOVAL_ANNOTATION]: "retain" });
  await scene.until("a look at the Secret", () => asked("GET", /\/secrets\/db$/) > looks);
  annotate({ [ON_REMOVAL_ANNOTATION]: "delete" });
  await scene.until("the status", () => asked("PUT", /\/db\/status$/) > told);
  annotate({ [ON_REMOVAL_ANNOTATION]: "retain" });
  late = false;
  // With an owner it would be collected as soon as the SealedSecret goes.
  await scene.until("the Secret to be kept", () => (secret().metadata.ownerReferences ?? []).length === 0);
});
