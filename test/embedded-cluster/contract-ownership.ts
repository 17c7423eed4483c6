import assert from "node:assert/strict";
import type { ApiObject } from "./api-object.ts";
import type { Behaviour, Scene } from "./contract-scene.ts";
import {
  causesOf,
  create,
  get,
  isGone,
  mergePatchType,
  nextEvent,
  objectOf,
  refusalOf,
  sealedSecret,
  until,
  watching,
} from "./contract-scene.ts";

const ownerReference = ({ apiVersion, kind, metadata }: ApiObject): object => ({
  apiVersion,
  kind,
  name: metadata.name,
  uid: metadata.uid,
  controller: true,
});

const createOwned = (scene: Scene, name: string, ...owners: object[]): Promise<ApiObject> =>
  create(scene, scene.secrets, { metadata: { name, ownerReferences: owners } });

/** Finalizers, owner references and namespaces. */
export const ownershipBehaviours: Behaviour[] = [
  {
    name: "a finalizer holds a deleted object until it is taken away",
    run: async (scene) => {
      const path = `${scene.sealedSecrets}/a`;
      const metadata = { name: "a", finalizers: ["example.com/hold"] };
      const stored = await create(scene, scene.sealedSecrets, sealedSecret("a", {}, { metadata }));
      const marked = objectOf(await scene.api.request("DELETE", path));
      assert.match(marked.metadata.deletionTimestamp ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      assert.equal(marked.metadata.deletionGracePeriodSeconds, 0);
      assert.equal(marked.metadata.generation, 2);
      const taken = await scene.api.request("POST", scene.sealedSecrets, sealedSecret("a"));
      assert.equal(
        refusalOf(taken, 409, "AlreadyExists").message,
        'object is being deleted: sealedsecrets.bitnami.com "a" already exists',
      );
      const again = objectOf(await scene.api.request("DELETE", path));
      assert.equal(again.metadata.resourceVersion, marked.metadata.resourceVersion);
      const query = `watch=true&resourceVersion=${stored.metadata.resourceVersion}`;
      await watching(scene, `${scene.sealedSecrets}?${query}`, async (reader) => {
        assert.equal((await nextEvent(reader)).type, "MODIFIED");
        const freed = { metadata: { finalizers: null } };
        const last = objectOf(await scene.api.request("PATCH", path, freed, mergePatchType));
        assert.equal(last.metadata.finalizers, undefined);
        assert.equal((await nextEvent(reader)).type, "DELETED");
      });
      assert.ok(await isGone(scene, path));
    },
  },
  {
    name: "an object that is being deleted takes no new finalizer",
    run: async (scene) => {
      const path = `${scene.secrets}/a`;
      await create(scene, scene.secrets, { metadata: { name: "a", finalizers: ["example.com/hold"] } });
      objectOf(await scene.api.request("DELETE", path));
      const patch = { metadata: { finalizers: ["example.com/hold", "example.com/more"] } };
      const answer = await scene.api.request("PATCH", path, patch, mergePatchType);
      assert.match(
        refusalOf(answer, 422, "Invalid").message ?? "",
        /metadata\.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers \[\]string\{"example\.com\/more"\}/,
      );
      objectOf(await scene.api.request("PATCH", path, { metadata: { finalizers: null } }, mergePatchType));
    },
  },
  {
    name: "what an object owns goes with it",
    run: async (scene) => {
      const owner = await create(scene, scene.sealedSecrets, sealedSecret("a"));
      await createOwned(scene, "a", ownerReference(owner));
      await create(scene, scene.secrets, { metadata: { name: "free" } });
      objectOf(await scene.api.request("DELETE", `${scene.sealedSecrets}/a`));
      await until(() => isGone(scene, `${scene.secrets}/a`), "collection of what the owner left");
      assert.ok(!(await isGone(scene, `${scene.secrets}/free`)));
    },
  },
  {
    name: "an owner reference to a uid that is gone deletes the object, the name notwithstanding",
    run: async (scene) => {
      const owner = await create(scene, scene.sealedSecrets, sealedSecret("a"));
      await createOwned(scene, "a", {
        ...ownerReference(owner),
        uid: "11111111-1111-4111-8111-111111111111",
      });
      await until(() => isGone(scene, `${scene.secrets}/a`), "collection of what never had an owner");
    },
  },
  {
    name: "one owner left keeps the object, without the reference to the lost one",
    run: async (scene) => {
      const first = await create(scene, scene.sealedSecrets, sealedSecret("a"));
      const second = await create(scene, scene.sealedSecrets, sealedSecret("b"));
      await createOwned(scene, "a", ownerReference(first), { ...ownerReference(second), controller: false });
      objectOf(await scene.api.request("DELETE", `${scene.sealedSecrets}/a`));
      await until(
        async () => (await get(scene, `${scene.secrets}/a`)).metadata.ownerReferences?.length === 1,
        "removal of the lost owner",
      );
    },
  },
  {
    name: "propagationPolicy=Orphan leaves what was owned, without the reference",
    run: async (scene) => {
      const owner = await create(scene, scene.sealedSecrets, sealedSecret("a"));
      await createOwned(scene, "a", ownerReference(owner));
      objectOf(
        await scene.api.request("DELETE", `${scene.sealedSecrets}/a`, { propagationPolicy: "Orphan" }),
      );
      await until(() => isGone(scene, `${scene.sealedSecrets}/a`), "deletion of the owner");
      assert.equal((await get(scene, `${scene.secrets}/a`)).metadata.ownerReferences, undefined);
    },
  },
  {
    name: "propagationPolicy=Foreground deletes what is owned first",
    run: async (scene) => {
      const owner = await create(scene, scene.sealedSecrets, sealedSecret("a"));
      await createOwned(scene, "a", { ...ownerReference(owner), blockOwnerDeletion: true });
      const options = { propagationPolicy: "Foreground" };
      const marked = objectOf(await scene.api.request("DELETE", `${scene.sealedSecrets}/a`, options));
      assert.deepEqual(marked.metadata.finalizers, ["foregroundDeletion"]);
      await until(() => isGone(scene, `${scene.sealedSecrets}/a`), "deletion of the owner");
      assert.ok(await isGone(scene, `${scene.secrets}/a`));
    },
  },
  {
    name: "propagationPolicy=Foreground waits for what a finalizer holds",
    run: async (scene) => {
      const owner = await create(scene, scene.sealedSecrets, sealedSecret("a"));
      const reference = { ...ownerReference(owner), blockOwnerDeletion: true };
      const metadata = { name: "a", ownerReferences: [reference], finalizers: ["example.com/hold"] };
      await create(scene, scene.secrets, { metadata });
      const options = { propagationPolicy: "Foreground" };
      objectOf(await scene.api.request("DELETE", `${scene.sealedSecrets}/a`, options));
      await until(
        async () => (await get(scene, `${scene.secrets}/a`)).metadata.deletionTimestamp !== undefined,
        "deletion of what is owned",
      );
      assert.ok(!(await isGone(scene, `${scene.sealedSecrets}/a`)));
      const freed = { metadata: { finalizers: null } };
      objectOf(await scene.api.request("PATCH", `${scene.secrets}/a`, freed, mergePatchType));
      await until(() => isGone(scene, `${scene.sealedSecrets}/a`), "deletion of the owner");
    },
  },
  {
    name: "two controlling owners, or an owner without uid, are refused with 422",
    run: async (scene) => {
      const owner = { apiVersion: "v1", kind: "Secret", name: "x", uid: "u", controller: true };
      const two = { metadata: { name: "a", ownerReferences: [owner, { ...owner, uid: "v" }] } };
      const answer = await scene.api.request("POST", scene.secrets, two);
      assert.match(
        refusalOf(answer, 422, "Invalid").message ?? "",
        /Only one reference can have Controller set to true/,
      );
      const none = { metadata: { name: "a", ownerReferences: [{ ...owner, uid: "" }] } };
      assert.match(
        refusalOf(await scene.api.request("POST", scene.secrets, none), 422, "Invalid").message ?? "",
        /metadata\.ownerReferences\.uid: Invalid value: "": must not be empty/,
      );
    },
  },
  {
    name: "create in a namespace that is not there is refused with 404",
    run: async (scene) => {
      for (const [path, object] of [
        ["/api/v1/namespaces/no-such-namespace/secrets", { metadata: { name: "a" } }],
        ["/apis/bitnami.com/v1alpha1/namespaces/no-such-namespace/sealedsecrets", sealedSecret("a")],
      ] as const) {
        const refusal = refusalOf(await scene.api.request("POST", path, object), 404, "NotFound");
        assert.equal(refusal.message, 'namespaces "no-such-namespace" not found');
        assert.deepEqual(refusal.details, { name: "no-such-namespace", kind: "namespaces" });
      }
    },
  },
  {
    name: "a namespace names itself in a label and is active",
    run: async (scene) => {
      const namespace = await get(scene, `/api/v1/namespaces/${scene.namespace}`);
      assert.equal(namespace.metadata.labels?.["kubernetes.io/metadata.name"], scene.namespace);
      assert.deepEqual(namespace["status"], { phase: "Active" });
      assert.deepEqual(namespace["spec"], { finalizers: ["kubernetes"] });
      const status = await get(scene, `/api/v1/namespaces/${scene.namespace}/status`);
      assert.deepEqual([status.kind, status.metadata.name], ["Namespace", scene.namespace]);
    },
  },
  {
    name: "a namespace that is being deleted takes nothing new, loses its contents, and goes",
    run: async (scene) => {
      const path = `/api/v1/namespaces/${scene.namespace}`;
      const held = { metadata: { name: "held", finalizers: ["example.com/hold"] } };
      await create(scene, scene.secrets, held);
      await create(scene, scene.sealedSecrets, sealedSecret("a"));
      const marked = objectOf(await scene.api.request("DELETE", path));
      assert.deepEqual((marked["status"] as { phase: string }).phase, "Terminating");
      assert.ok(marked.metadata.deletionTimestamp !== undefined);
      const refusal = refusalOf(
        await scene.api.request("POST", scene.secrets, { metadata: { name: "a" } }),
        403,
        "Forbidden",
      );
      assert.equal(
        refusal.message,
        `secrets "a" is forbidden: unable to create new content in namespace ${scene.namespace} because it is being terminated`,
      );
      assert.equal(causesOf(refusal)[0]?.reason, "NamespaceTerminating");
      await until(() => isGone(scene, `${scene.sealedSecrets}/a`), "deletion of the contents");
      assert.ok(!(await isGone(scene, path)), "a finalizer inside must hold the namespace");
      const freed = { metadata: { finalizers: null } };
      objectOf(await scene.api.request("PATCH", `${scene.secrets}/held`, freed, mergePatchType));
      await until(() => isGone(scene, path), "deletion of the namespace");
    },
  },
  {
    name: "the namespaces default and kube-system are there and stay",
    run: async (scene) => {
      for (const name of ["default", "kube-system"]) {
        const path = `/api/v1/namespaces/${name}`;
        const { metadata } = await get(scene, path);
        const refusal = refusalOf(await scene.api.request("DELETE", path), 403, "Forbidden");
        assert.equal(refusal.message, `namespaces "${name}" is forbidden: this namespace may not be deleted`);
        assert.equal((await get(scene, path)).metadata.uid, metadata.uid);
      }
    },
  },
];
