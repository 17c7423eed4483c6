import assert from "node:assert/strict";
import type { Behaviour } from "./contract-scene.ts";
import {
  create,
  get,
  isGone,
  metadataListOnly,
  metadataOnly,
  objectOf,
  refusalOf,
  sealedSecret,
} from "./contract-scene.ts";

/** Creating, reading and replacing one object, and its status. */
export const writeBehaviours: Behaviour[] = [
  {
    name: "create gives uid, resourceVersion, namespace and a creation time in whole seconds",
    run: async (scene) => {
      const { metadata, kind, apiVersion } = await create(scene, scene.secrets, { metadata: { name: "a" } });
      assert.deepEqual([kind, apiVersion], ["Secret", "v1"]);
      assert.match(metadata.uid ?? "", /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      assert.match(metadata.resourceVersion ?? "", /^\d+$/);
      assert.match(metadata.creationTimestamp ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      assert.equal(metadata.namespace, scene.namespace);
      assert.equal(metadata.generation, undefined);
    },
  },
  {
    name: "create ignores uid, creationTimestamp and generation of the body",
    run: async (scene) => {
      const given = { uid: "mine", creationTimestamp: "2001-01-01T00:00:00Z", generation: 9 };
      const object = sealedSecret("a", {}, { metadata: { name: "a", ...given } });
      const { metadata } = await create(scene, scene.sealedSecrets, object);
      assert.notEqual(metadata.uid, given.uid);
      assert.notEqual(metadata.creationTimestamp, given.creationTimestamp);
      assert.equal(metadata.generation, 1);
    },
  },
  {
    name: "create of a present name is refused with 409 AlreadyExists",
    run: async (scene) => {
      await create(scene, scene.secrets, { metadata: { name: "a" } });
      const refusal = refusalOf(
        await scene.api.request("POST", scene.secrets, { metadata: { name: "a" } }),
        409,
        "AlreadyExists",
      );
      assert.equal(refusal.message, 'secrets "a" already exists');
      assert.deepEqual(refusal.details, { name: "a", kind: "secrets" });
      const both = { metadata: { name: "a", generateName: "a-" } };
      const again = refusalOf(await scene.api.request("POST", scene.secrets, both), 409, "AlreadyExists");
      assert.deepEqual(again.details, { name: "a", kind: "secrets", retryAfterSeconds: 1 });
    },
  },
  {
    name: "create with generateName appends five characters",
    run: async (scene) => {
      const first = await create(scene, scene.secrets, { metadata: { generateName: "key-" } });
      const second = await create(scene, scene.secrets, { metadata: { generateName: "key-" } });
      assert.match(first.metadata.name ?? "", /^key-[b-df-hj-np-tv-z2-9]{5}$/);
      assert.notEqual(first.metadata.name, second.metadata.name);
      assert.equal(first.metadata.generateName, "key-");
    },
  },
  {
    name: "create with a resourceVersion is refused",
    run: async (scene) => {
      const refusal = refusalOf(
        await scene.api.request("POST", scene.secrets, { metadata: { name: "a", resourceVersion: "5" } }),
        500,
      );
      assert.equal(refusal.message, "resourceVersion should not be set on objects to be created");
    },
  },
  {
    name: "create as a dry run answers with the object and stores nothing",
    run: async (scene) => {
      const answer = await scene.api.request("POST", `${scene.secrets}?dryRun=All`, {
        metadata: { name: "a" },
      });
      assert.equal(answer.status, 201);
      assert.equal(objectOf(answer).metadata.resourceVersion, undefined);
      assert.ok(await isGone(scene, `${scene.secrets}/a`));
    },
  },
  {
    name: "get of an absent object is refused with 404 NotFound",
    run: async (scene) => {
      const core = refusalOf(await scene.api.request("GET", `${scene.secrets}/a`), 404, "NotFound");
      assert.equal(core.message, 'secrets "a" not found');
      assert.deepEqual(core.details, { name: "a", kind: "secrets" });
      const custom = refusalOf(await scene.api.request("GET", `${scene.sealedSecrets}/a`), 404, "NotFound");
      assert.equal(custom.message, 'sealedsecrets.bitnami.com "a" not found');
      assert.deepEqual(custom.details, { name: "a", group: "bitnami.com", kind: "sealedsecrets" });
    },
  },
  {
    name: "get with metadata only leaves the data out",
    run: async (scene) => {
      const path = `${scene.secrets}/a`;
      const stored = await create(scene, scene.secrets, { metadata: { name: "a" }, stringData: { k: "v" } });
      const partial = objectOf(await scene.api.request("GET", path, undefined, metadataOnly));
      assert.deepEqual(Object.keys(partial).sort(), ["apiVersion", "kind", "metadata"]);
      assert.equal(partial.kind, "PartialObjectMetadata");
      assert.equal(partial.apiVersion, "meta.k8s.io/v1");
      assert.equal(partial.metadata.uid, stored.metadata.uid);
    },
  },
  {
    name: "representations that do not fit are refused",
    run: async (scene) => {
      await create(scene, scene.secrets, { metadata: { name: "a" } });
      const ask = (accept: string): ReturnType<typeof scene.api.request> =>
        scene.api.request("GET", `${scene.secrets}/a`, undefined, { accept });
      assert.match(
        refusalOf(await ask(metadataListOnly.accept), 406, "NotAcceptable").message ?? "",
        /you requested PartialObjectMetadataList, but the requested object is not a list/,
      );
      refusalOf(await ask("text/plain"), 406, "NotAcceptable");
      assert.equal(
        objectOf(await ask(`text/plain,${metadataOnly.accept},application/json`)).kind,
        "PartialObjectMetadata",
      );
      assert.equal(objectOf(await ask("*/*")).kind, "Secret");
    },
  },
  {
    name: "replace with the current resourceVersion succeeds and gives a later one",
    run: async (scene) => {
      const stored = await create(scene, scene.secrets, { metadata: { name: "a" } });
      const next = objectOf(
        await scene.api.request("PUT", `${scene.secrets}/a`, { ...stored, stringData: { k: "v" } }),
      );
      assert.ok(BigInt(next.metadata.resourceVersion ?? "") > BigInt(stored.metadata.resourceVersion ?? ""));
      assert.equal(next.metadata.uid, stored.metadata.uid);
      assert.deepEqual(next["data"], { k: "dg==" });
    },
  },
  {
    name: "replace with a stale resourceVersion is refused with 409 Conflict",
    run: async (scene) => {
      const stored = await create(scene, scene.sealedSecrets, sealedSecret("a"));
      const path = `${scene.sealedSecrets}/a`;
      objectOf(await scene.api.request("PUT", path, { ...stored, spec: { encryptedData: { k: "x" } } }));
      const refusal = refusalOf(
        await scene.api.request("PUT", path, { ...stored, spec: { encryptedData: { k: "y" } } }),
        409,
        "Conflict",
      );
      assert.equal(
        refusal.message,
        'Operation cannot be fulfilled on sealedsecrets.bitnami.com "a": the object has been modified; please apply your changes to the latest version and try again',
      );
      assert.deepEqual(refusal.details, { name: "a", group: "bitnami.com", kind: "sealedsecrets" });
    },
  },
  {
    name: "replace without resourceVersion overwrites a Secret",
    run: async (scene) => {
      await create(scene, scene.secrets, {
        metadata: { name: "a", labels: { x: "y" } },
        stringData: { k: "v" },
      });
      const next = objectOf(
        await scene.api.request("PUT", `${scene.secrets}/a`, {
          metadata: { name: "a" },
          stringData: { z: "v" },
        }),
      );
      assert.deepEqual(next["data"], { z: "dg==" });
      assert.equal(next.metadata.labels, undefined);
    },
  },
  {
    name: "replace without resourceVersion is refused for custom resources and their status",
    run: async (scene) => {
      await create(scene, scene.sealedSecrets, sealedSecret("a"));
      for (const path of ["a", "a/status"]) {
        const refusal = refusalOf(
          await scene.api.request("PUT", `${scene.sealedSecrets}/${path}`, sealedSecret("a")),
          422,
          "Invalid",
        );
        assert.equal(
          refusal.message,
          'sealedsecrets.bitnami.com "a" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
        );
      }
    },
  },
  {
    name: "replace of an absent object is refused with 404",
    run: async (scene) => {
      refusalOf(
        await scene.api.request("PUT", `${scene.secrets}/a`, { metadata: { name: "a" } }),
        404,
        "NotFound",
      );
      const answer = await scene.api.request("PUT", `${scene.sealedSecrets}/a/status`, sealedSecret("a"));
      refusalOf(answer, 404, "NotFound");
    },
  },
  {
    name: "replace with another uid is refused with 409 Conflict",
    run: async (scene) => {
      await create(scene, scene.secrets, { metadata: { name: "a" } });
      const refusal = refusalOf(
        await scene.api.request("PUT", `${scene.secrets}/a`, { metadata: { name: "a", uid: "other" } }),
        409,
        "Conflict",
      );
      assert.match(
        refusal.message ?? "",
        /Precondition failed: UID in precondition: other, UID in object meta: /,
      );
    },
  },
  {
    name: "replace under another name than the path's is refused with 400",
    run: async (scene) => {
      await create(scene, scene.secrets, { metadata: { name: "a" } });
      const refusal = refusalOf(
        await scene.api.request("PUT", `${scene.secrets}/a`, { metadata: { name: "b" } }),
        400,
        "BadRequest",
      );
      assert.equal(refusal.message, "the name of the object (b) does not match the name on the URL (a)");
    },
  },
  {
    name: "replace without a name is refused with 400",
    run: async (scene) => {
      await create(scene, scene.secrets, { metadata: { name: "a" } });
      const answer = await scene.api.request("PUT", `${scene.secrets}/a`, { metadata: {} });
      assert.equal(
        refusalOf(answer, 400, "BadRequest").message,
        "the name of the object (a based on URL) was undeterminable: name must be provided",
      );
    },
  },
  {
    name: "replace keeps creation time and uid, whatever the body says of them, and takes generateName",
    run: async (scene) => {
      const stored = await create(scene, scene.secrets, { metadata: { name: "a", generateName: "a-" } });
      const metadata = { name: "a", generateName: "b-", creationTimestamp: "2001-01-01T00:00:00Z" };
      const next = objectOf(await scene.api.request("PUT", `${scene.secrets}/a`, { metadata }));
      assert.equal(next.metadata.uid, stored.metadata.uid);
      assert.equal(next.metadata.creationTimestamp, stored.metadata.creationTimestamp);
      assert.equal(next.metadata.generateName, "b-");
    },
  },
  {
    name: "replace of an absent Lease creates it",
    run: async (scene) => {
      const leases = `/apis/coordination.k8s.io/v1/namespaces/${scene.namespace}/leases`;
      const lease = { metadata: { name: "l" }, spec: { holderIdentity: "x" } };
      assert.equal((await scene.api.request("PUT", `${leases}/l`, lease)).status, 201);
      assert.deepEqual((await get(scene, `${leases}/l`))["spec"], lease.spec);
    },
  },
  {
    name: "replace that changes nothing keeps the resourceVersion",
    run: async (scene) => {
      const stored = await create(scene, scene.secrets, { metadata: { name: "a" }, stringData: { k: "v" } });
      const again = objectOf(await scene.api.request("PUT", `${scene.secrets}/a`, stored));
      assert.equal(again.metadata.resourceVersion, stored.metadata.resourceVersion);
      const sealed = await create(scene, scene.sealedSecrets, sealedSecret("a"));
      const same = objectOf(await scene.api.request("PUT", `${scene.sealedSecrets}/a`, sealed));
      assert.equal(same.metadata.resourceVersion, sealed.metadata.resourceVersion);
    },
  },
  {
    name: "generation grows with the spec, not with labels",
    run: async (scene) => {
      const path = `${scene.sealedSecrets}/a`;
      const stored = await create(scene, scene.sealedSecrets, sealedSecret("a"));
      const labelled = objectOf(
        await scene.api.request("PUT", path, {
          ...stored,
          metadata: { ...stored.metadata, labels: { a: "b" } },
        }),
      );
      assert.equal(labelled.metadata.generation, 1);
      const changed = objectOf(
        await scene.api.request("PUT", path, { ...labelled, spec: { encryptedData: { k: "x" } } }),
      );
      assert.equal(changed.metadata.generation, 2);
    },
  },
  {
    name: "create and replace of the main resource ignore the status",
    run: async (scene) => {
      const path = `${scene.sealedSecrets}/a`;
      const stored = await create(scene, scene.sealedSecrets, sealedSecret("a", {}, { status: { a: 1 } }));
      assert.equal(stored["status"], undefined);
      const next = objectOf(await scene.api.request("PUT", path, { ...stored, status: { a: 2 } }));
      assert.equal(next["status"], undefined);
      assert.equal(next.metadata.resourceVersion, stored.metadata.resourceVersion);
    },
  },
  {
    name: "replace of the status changes the status alone",
    run: async (scene) => {
      const path = `${scene.sealedSecrets}/a`;
      const stored = await create(scene, scene.sealedSecrets, sealedSecret("a"));
      const next = objectOf(
        await scene.api.request("PUT", `${path}/status`, {
          ...stored,
          metadata: { ...stored.metadata, labels: { a: "b" }, annotations: { a: "b" } },
          spec: { encryptedData: { k: "x" } },
          status: { observedGeneration: 1 },
        }),
      );
      assert.deepEqual(next["status"], { observedGeneration: 1 });
      assert.deepEqual(next["spec"], stored["spec"]);
      assert.equal(next.metadata.labels, undefined);
      assert.equal(next.metadata.annotations, undefined);
      assert.equal(next.metadata.generation, 1);
      assert.notEqual(next.metadata.resourceVersion, stored.metadata.resourceVersion);
      assert.deepEqual((await get(scene, `${path}/status`))["status"], { observedGeneration: 1 });
    },
  },
  {
    name: "replace of the status with a stale resourceVersion is refused with 409",
    run: async (scene) => {
      const path = `${scene.sealedSecrets}/a/status`;
      const stored = await create(scene, scene.sealedSecrets, sealedSecret("a"));
      objectOf(await scene.api.request("PUT", path, { ...stored, status: { observedGeneration: 1 } }));
      const stale = await scene.api.request("PUT", path, { ...stored, status: { observedGeneration: 2 } });
      refusalOf(stale, 409, "Conflict");
    },
  },
  {
    name: "a status that does not change keeps the resourceVersion",
    run: async (scene) => {
      const path = `${scene.sealedSecrets}/a/status`;
      const stored = await create(scene, scene.sealedSecrets, sealedSecret("a"));
      const first = objectOf(
        await scene.api.request("PUT", path, { ...stored, status: { observedGeneration: 1 } }),
      );
      const again = objectOf(await scene.api.request("PUT", path, first));
      assert.equal(again.metadata.resourceVersion, first.metadata.resourceVersion);
    },
  },
  {
    name: "a Lease wants a resourceVersion, and micro times of six digits",
    run: async (scene) => {
      const leases = `/apis/coordination.k8s.io/v1/namespaces/${scene.namespace}/leases`;
      const lease = (spec: object): object => ({ metadata: { name: "l" }, spec });
      const time = await scene.api.request("POST", leases, lease({ renewTime: "2026-01-01T00:00:00.123Z" }));
      assert.match(refusalOf(time, 400, "BadRequest").message ?? "", /cannot parse ".123Z" as ".000000"/);
      refusalOf(await scene.api.request("POST", leases, lease({ leaseDurationSeconds: 0 })), 422, "Invalid");
      const stored = await create(
        scene,
        leases,
        lease({ holderIdentity: "", renewTime: "2026-01-01T00:00:00.123000Z" }),
      );
      refusalOf(
        await scene.api.request("PUT", `${leases}/l`, lease({ holderIdentity: "x" })),
        422,
        "Invalid",
      );
      objectOf(await scene.api.request("PUT", `${leases}/l`, { ...stored, spec: { holderIdentity: "x" } }));
      const stale = await scene.api.request("PUT", `${leases}/l`, {
        ...stored,
        spec: { holderIdentity: "y" },
      });
      refusalOf(stale, 409, "Conflict");
    },
  },
];
