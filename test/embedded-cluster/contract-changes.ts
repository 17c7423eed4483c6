import assert from "node:assert/strict";
import type { Behaviour } from "./contract-scene.ts";
import { create, get, isGone, mergePatchType, objectOf, refusalOf, sealedSecret } from "./contract-scene.ts";

/** Patching and deleting. */
export const changeBehaviours: Behaviour[] = [
  {
    name: "merge patch sets, removes, and answers 404 for an absent object",
    run: async (scene) => {
      const path = `${scene.secrets}/a`;
      const labels = { a: "1", b: "2" };
      const stored = await create(scene, scene.secrets, { metadata: { name: "a", labels } });
      const patch = { metadata: { labels: { a: null, c: "3" } } };
      const next = objectOf(await scene.api.request("PATCH", path, patch, mergePatchType));
      assert.deepEqual(next.metadata.labels, { b: "2", c: "3" });
      const again = objectOf(await scene.api.request("PATCH", path, patch, mergePatchType));
      assert.equal(again.metadata.resourceVersion, next.metadata.resourceVersion);
      assert.notEqual(next.metadata.resourceVersion, stored.metadata.resourceVersion);
      refusalOf(
        await scene.api.request("PATCH", `${scene.secrets}/none`, patch, mergePatchType),
        404,
        "NotFound",
      );
    },
  },
  {
    name: "merge patch with a stale resourceVersion is refused with 409",
    run: async (scene) => {
      await create(scene, scene.secrets, { metadata: { name: "a" } });
      const patch = { metadata: { resourceVersion: "1", labels: { a: "b" } } };
      refusalOf(
        await scene.api.request("PATCH", `${scene.secrets}/a`, patch, mergePatchType),
        409,
        "Conflict",
      );
    },
  },
  {
    name: "merge patch cannot change the uid",
    run: async (scene) => {
      await create(scene, scene.secrets, { metadata: { name: "a" } });
      const patch = { metadata: { uid: "other" } };
      const answer = await scene.api.request("PATCH", `${scene.secrets}/a`, patch, mergePatchType);
      assert.equal(
        refusalOf(answer, 422, "Invalid").message,
        'Secret "a" is invalid: metadata.uid: Invalid value: "other": field is immutable',
      );
    },
  },
  {
    name: "merge patch of a Secret that is then none comes back in the refusal, values and all",
    run: async (scene) => {
      await create(scene, scene.secrets, { metadata: { name: "a" }, stringData: { k: "v" } });
      const patch = { data: { l: "?" } };
      const answer = await scene.api.request("PATCH", `${scene.secrets}/a`, patch, mergePatchType);
      const { message } = refusalOf(answer, 422, "Invalid");
      assert.match(message ?? "", /^ "" is invalid: patch: Invalid value: ".*dg==.*": illegal base64 data/);
    },
  },
  {
    name: "merge patch counts up an Event",
    run: async (scene) => {
      const events = `/api/v1/namespaces/${scene.namespace}/events`;
      const involvedObject = { kind: "SealedSecret", namespace: scene.namespace, name: "x" };
      await create(scene, events, { metadata: { name: "a" }, involvedObject, reason: "R", count: 1 });
      const next = objectOf(await scene.api.request("PATCH", `${events}/a`, { count: 2 }, mergePatchType));
      assert.equal(next["count"], 2);
      assert.equal(next["reason"], "R");
    },
  },
  {
    name: "JSON patch applies as a whole or not at all",
    run: async (scene) => {
      const path = `${scene.secrets}/a`;
      const jsonPatchType = { "content-type": "application/json-patch+json" };
      await create(scene, scene.secrets, { metadata: { name: "a", labels: { a: "1" } } });
      const replace = [
        { op: "test", path: "/metadata/labels/a", value: "1" },
        { op: "replace", path: "/metadata/labels/a", value: "2" },
      ];
      const next = objectOf(await scene.api.request("PATCH", path, replace, jsonPatchType));
      assert.deepEqual(next.metadata.labels, { a: "2" });
      refusalOf(await scene.api.request("PATCH", path, replace, jsonPatchType), 422, "Invalid");
      const half = [
        { op: "remove", path: "/metadata/labels/a" },
        { op: "remove", path: "/metadata/labels/none" },
      ];
      refusalOf(await scene.api.request("PATCH", path, half, jsonPatchType), 422, "Invalid");
      assert.deepEqual((await get(scene, path)).metadata.labels, { a: "2" });
    },
  },
  {
    name: "JSON patch adds to lists, moves and copies",
    run: async (scene) => {
      const finalizers = ["example.com/b"];
      await create(scene, scene.secrets, { metadata: { name: "a", finalizers, labels: { x: "1" } } });
      const patch = [
        { op: "add", path: "/metadata/finalizers/0", value: "example.com/a" },
        { op: "add", path: "/metadata/finalizers/-", value: "example.com/c" },
        { op: "copy", from: "/metadata/labels/x", path: "/metadata/labels/y" },
        { op: "move", from: "/metadata/labels/x", path: "/metadata/labels/example.com~1z" },
      ];
      const headers = { "content-type": "application/json-patch+json" };
      const { metadata } = objectOf(await scene.api.request("PATCH", `${scene.secrets}/a`, patch, headers));
      assert.deepEqual(metadata.finalizers, ["example.com/a", "example.com/b", "example.com/c"]);
      assert.deepEqual(metadata.labels, { y: "1", "example.com/z": "1" });
      const freed = { metadata: { finalizers: null } };
      objectOf(await scene.api.request("PATCH", `${scene.secrets}/a`, freed, mergePatchType));
    },
  },
  {
    name: "a patch of an unknown type is refused with 415",
    run: async (scene) => {
      await create(scene, scene.sealedSecrets, sealedSecret("a"));
      const answer = await scene.api.request(
        "PATCH",
        `${scene.sealedSecrets}/a`,
        {},
        { "content-type": "application/strategic-merge-patch+json" },
      );
      refusalOf(answer, 415, "UnsupportedMediaType");
    },
  },
  {
    name: "delete answers with a Status that names the object, then with 404",
    run: async (scene) => {
      const path = `${scene.sealedSecrets}/a`;
      const { metadata } = await create(scene, scene.sealedSecrets, sealedSecret("a"));
      const answer = await scene.api.request("DELETE", path);
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.body, {
        kind: "Status",
        apiVersion: "v1",
        metadata: {},
        status: "Success",
        details: { name: "a", group: "bitnami.com", kind: "sealedsecrets", uid: metadata.uid },
      });
      refusalOf(await scene.api.request("DELETE", path), 404, "NotFound");
    },
  },
  {
    name: "delete with a uid or resourceVersion that is not the object's is refused with 409",
    run: async (scene) => {
      const path = `${scene.secrets}/a`;
      const { metadata } = await create(scene, scene.secrets, { metadata: { name: "a" } });
      const uid = refusalOf(
        await scene.api.request("DELETE", path, { preconditions: { uid: "other" } }),
        409,
        "Conflict",
      );
      assert.equal(
        uid.message,
        `Operation cannot be fulfilled on Secret "a": the UID in the precondition (other) does not match the UID in record (${metadata.uid}). The object might have been deleted and then recreated`,
      );
      const version = await scene.api.request("DELETE", path, { preconditions: { resourceVersion: "1" } });
      assert.match(
        refusalOf(version, 409, "Conflict").message ?? "",
        /the ResourceVersion in the precondition \(1\)/,
      );
      const { uid: right, resourceVersion } = metadata;
      objectOf(await scene.api.request("DELETE", path, { preconditions: { uid: right, resourceVersion } }));
      assert.ok(await isGone(scene, path));
    },
  },
  {
    name: "delete of a collection keeps what the selector leaves out",
    run: async (scene) => {
      await create(scene, scene.secrets, { metadata: { name: "a", labels: { x: "1" } } });
      await create(scene, scene.secrets, { metadata: { name: "b" } });
      objectOf(await scene.api.request("DELETE", `${scene.secrets}?labelSelector=x%3D1`));
      assert.ok(await isGone(scene, `${scene.secrets}/a`));
      assert.ok(!(await isGone(scene, `${scene.secrets}/b`)));
    },
  },
];
