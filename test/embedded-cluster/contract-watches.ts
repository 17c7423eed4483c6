import assert from "node:assert/strict";
import type { WatchReader } from "./contract-client.ts";
import type { Behaviour, Scene } from "./contract-scene.ts";
import {
  create,
  get,
  mergePatchType,
  metadataOnly,
  nextEvent,
  nextEventName,
  objectOf,
  refusalOf,
  sealedSecret,
  watching,
} from "./contract-scene.ts";

const watchList = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";

async function relabel(scene: Scene, name: string, labels: object): Promise<void> {
  objectOf(
    await scene.api.request("PATCH", `${scene.secrets}/${name}`, { metadata: { labels } }, mergePatchType),
  );
}

async function currentVersion(scene: Scene, path: string): Promise<string> {
  return (await get(scene, path)).metadata.resourceVersion ?? "";
}

async function restOf(reader: WatchReader): Promise<string[]> {
  const seen: string[] = [];
  for (let event = await reader.next(); event !== null; event = await reader.next())
    seen.push(`${event.type} ${event.object.metadata.name}`);
  return seen;
}

/** Watches: where they start, what they show, how they end. */
export const watchBehaviours: Behaviour[] = [
  {
    name: "a watch from a resourceVersion shows what came after it, in order",
    run: async (scene) => {
      await create(scene, scene.secrets, { metadata: { name: "old" } });
      const version = await currentVersion(scene, scene.secrets);
      const created = await create(scene, scene.secrets, { metadata: { name: "a" } });
      await watching(scene, `${scene.secrets}?watch=true&resourceVersion=${version}`, async (reader) => {
        const added = await nextEvent(reader);
        assert.equal(added.type, "ADDED");
        assert.deepEqual([added.object.kind, added.object.apiVersion], ["Secret", "v1"]);
        assert.equal(added.object.metadata.resourceVersion, created.metadata.resourceVersion);
        await relabel(scene, "a", { x: "1" });
        const modified = await nextEvent(reader);
        assert.deepEqual([modified.type, modified.object.metadata.labels], ["MODIFIED", { x: "1" }]);
        await scene.api.request("DELETE", `${scene.secrets}/a`);
        const deleted = await nextEvent(reader);
        assert.deepEqual([deleted.type, deleted.object.metadata.labels], ["DELETED", { x: "1" }]);
        const versions = [added, modified, deleted].map(({ object }) =>
          BigInt(object.metadata.resourceVersion ?? ""),
        );
        assert.deepEqual(
          versions,
          versions.toSorted((left, right) => Number(left - right)),
        );
        assert.equal(new Set(versions).size, 3);
      });
    },
  },
  {
    name: "a watch without resourceVersion begins with what is there",
    run: async (scene) => {
      for (const name of ["a", "b"]) await create(scene, scene.secrets, { metadata: { name } });
      for (const query of ["watch=true", "watch=1&resourceVersion=0"])
        await watching(scene, `${scene.secrets}?${query}`, async (reader) => {
          const seen = [await nextEventName(reader), await nextEventName(reader)];
          assert.deepEqual(seen.sort(), ["ADDED a", "ADDED b"]);
        });
    },
  },
  {
    name: "a replace that changes nothing sends no event",
    run: async (scene) => {
      const stored = await create(scene, scene.secrets, { metadata: { name: "a" } });
      const version = stored.metadata.resourceVersion;
      await watching(scene, `${scene.secrets}?watch=true&resourceVersion=${version}`, async (reader) => {
        objectOf(await scene.api.request("PUT", `${scene.secrets}/a`, stored));
        await create(scene, scene.secrets, { metadata: { name: "b" } });
        assert.equal(await nextEventName(reader), "ADDED b");
      });
    },
  },
  {
    name: "a change of the status is an event",
    run: async (scene) => {
      const stored = await create(scene, scene.sealedSecrets, sealedSecret("a"));
      const version = stored.metadata.resourceVersion;
      await watching(
        scene,
        `${scene.sealedSecrets}?watch=true&resourceVersion=${version}`,
        async (reader) => {
          const next = { ...stored, status: { observedGeneration: 1 } };
          objectOf(await scene.api.request("PUT", `${scene.sealedSecrets}/a/status`, next));
          const { type, object } = await nextEvent(reader);
          assert.deepEqual([type, object["status"]], ["MODIFIED", { observedGeneration: 1 }]);
        },
      );
    },
  },
  {
    name: "an object that leaves the selection is deleted, one that enters it is added",
    run: async (scene) => {
      await create(scene, scene.secrets, { metadata: { name: "a", labels: { x: "1" } } });
      await create(scene, scene.secrets, { metadata: { name: "b" } });
      const version = await currentVersion(scene, scene.secrets);
      const path = `${scene.secrets}?watch=true&labelSelector=x%3D1&resourceVersion=${version}`;
      await watching(scene, path, async (reader) => {
        await relabel(scene, "b", { x: "1" });
        assert.equal(await nextEventName(reader), "ADDED b");
        await relabel(scene, "b", { y: "1" });
        assert.equal(await nextEventName(reader), "MODIFIED b");
        await relabel(scene, "a", { x: "2" });
        const left = await nextEvent(reader);
        assert.deepEqual([left.type, left.object.metadata.labels], ["DELETED", { x: "1" }]);
        assert.equal(left.object.metadata.resourceVersion, await currentVersion(scene, `${scene.secrets}/a`));
        await scene.api.request("DELETE", `${scene.secrets}/a`);
        await scene.api.request("DELETE", `${scene.secrets}/b`);
        assert.equal(await nextEventName(reader), "DELETED b");
      });
    },
  },
  {
    name: "a watch of one name shows that one alone",
    run: async (scene) => {
      const version = await currentVersion(scene, scene.secrets);
      const path = `${scene.secrets}?watch=true&fieldSelector=metadata.name%3Db&resourceVersion=${version}`;
      await watching(scene, path, async (reader) => {
        await create(scene, scene.secrets, { metadata: { name: "a" } });
        await create(scene, scene.secrets, { metadata: { name: "b" } });
        assert.equal(await nextEventName(reader), "ADDED b");
      });
    },
  },
  {
    name: "a watch of a namespace does not show the others",
    run: async (scene) => {
      const other = `${scene.namespace}-2`;
      await create(scene, "/api/v1/namespaces", { metadata: { name: other } });
      const version = await currentVersion(scene, scene.secrets);
      await watching(scene, `${scene.secrets}?watch=true&resourceVersion=${version}`, async (reader) => {
        await create(scene, `/api/v1/namespaces/${other}/secrets`, { metadata: { name: "a" } });
        await create(scene, scene.secrets, { metadata: { name: "b" } });
        assert.equal(await nextEventName(reader), "ADDED b");
      });
    },
  },
  {
    name: "a watch with metadata only",
    run: async (scene) => {
      await create(scene, scene.secrets, { metadata: { name: "a" }, stringData: { k: "v" } });
      const check = async (reader: WatchReader): Promise<void> => {
        const { object } = await nextEvent(reader);
        assert.equal(object.kind, "PartialObjectMetadata");
        assert.equal(object["data"], undefined);
        assert.equal(object.metadata.name, "a");
        const bookmark = await nextEvent(reader);
        assert.deepEqual([bookmark.type, bookmark.object.kind], ["BOOKMARK", "PartialObjectMetadata"]);
      };
      await watching(scene, `${scene.secrets}?${watchList}&allowWatchBookmarks=true`, check, metadataOnly);
    },
  },
  {
    name: "timeoutSeconds ends a watch cleanly",
    run: async (scene) => {
      await create(scene, scene.secrets, { metadata: { name: "a" } });
      await watching(scene, `${scene.secrets}?watch=true&timeoutSeconds=1`, async (reader) => {
        assert.deepEqual(await restOf(reader), ["ADDED a"]);
      });
    },
  },
  {
    name: "a watch-list shows what is there, then a bookmark that marks the end, then goes on",
    run: async (scene) => {
      for (const name of ["b", "a"]) await create(scene, scene.sealedSecrets, sealedSecret(name));
      const path = `${scene.sealedSecrets}?${watchList}&allowWatchBookmarks=true`;
      await watching(scene, path, async (reader) => {
        assert.deepEqual([await nextEventName(reader), await nextEventName(reader)], ["ADDED a", "ADDED b"]);
        const { type, object } = await nextEvent(reader);
        assert.deepEqual(
          [type, object.kind, object.apiVersion],
          ["BOOKMARK", "SealedSecret", "bitnami.com/v1alpha1"],
        );
        assert.deepEqual(object.metadata.annotations, { "k8s.io/initial-events-end": "true" });
        assert.equal(object.metadata.name, undefined);
        assert.match(object.metadata.resourceVersion ?? "", /^\d+$/);
        await create(scene, scene.sealedSecrets, sealedSecret("c"));
        assert.equal(await nextEventName(reader), "ADDED c");
      });
    },
  },
  {
    name: "the bookmark's resourceVersion is one to resume from",
    run: async (scene) => {
      await create(scene, scene.secrets, { metadata: { name: "a" } });
      let version = "";
      await watching(scene, `${scene.secrets}?${watchList}&allowWatchBookmarks=true`, async (reader) => {
        await nextEvent(reader);
        version = (await nextEvent(reader)).object.metadata.resourceVersion ?? "";
      });
      await create(scene, scene.secrets, { metadata: { name: "b" } });
      await watching(scene, `${scene.secrets}?watch=true&resourceVersion=${version}`, async (reader) => {
        assert.equal(await nextEventName(reader), "ADDED b");
      });
    },
  },
  {
    name: "a watch-list without bookmarks has no mark of its end",
    run: async (scene) => {
      await create(scene, scene.secrets, { metadata: { name: "a" } });
      await watching(scene, `${scene.secrets}?${watchList}&timeoutSeconds=1`, async (reader) => {
        assert.deepEqual(await restOf(reader), ["ADDED a"]);
      });
    },
  },
  {
    name: "a watch-list's options that do not go together are refused with 422",
    run: async (scene) => {
      for (const [query, message] of [
        [
          "sendInitialEvents=true",
          "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        ],
        [
          "resourceVersionMatch=NotOlderThan",
          "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        ],
        [
          "sendInitialEvents=true&resourceVersionMatch=Exact",
          '[resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan, resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"]',
        ],
      ]) {
        const answer = await scene.api.request(
          "GET",
          `${scene.secrets}?watch=true&timeoutSeconds=1&${query}`,
        );
        assert.equal(
          refusalOf(answer, 422, "Invalid").message,
          `ListOptions.meta.k8s.io "" is invalid: ${message}`,
        );
      }
    },
  },
  {
    name: "a watch from a resourceVersion that is too old gets one ERROR event of code 410, and ends",
    run: async (scene) => {
      await watching(
        scene,
        "/apis/bitnami.com/v1alpha1/sealedsecrets?watch=true&resourceVersion=1",
        async (reader) => {
          const { type, object } = await nextEvent(reader);
          assert.deepEqual(
            [type, object.kind, object.code, object.reason],
            ["ERROR", "Status", 410, "Expired"],
          );
          assert.match(object.message ?? "", /^too old resource version: 1 \(\d+\)$/);
          assert.equal(await reader.next(), null);
        },
      );
    },
  },
  {
    name: "a watch from a resourceVersion still to come is silent",
    run: async (scene) => {
      await create(scene, scene.secrets, { metadata: { name: "a" } });
      const path = `${scene.secrets}?watch=true&resourceVersion=999999999&timeoutSeconds=1`;
      await watching(scene, path, async (reader) => {
        await create(scene, scene.secrets, { metadata: { name: "b" } });
        assert.deepEqual(await restOf(reader), []);
      });
    },
  },
  {
    name: "an idle watch of a second gets no bookmark",
    run: async (scene) => {
      const version = await currentVersion(scene, scene.secrets);
      const path = `${scene.secrets}?watch=true&allowWatchBookmarks=true&resourceVersion=${version}&timeoutSeconds=1`;
      await watching(scene, path, async (reader) => {
        assert.deepEqual(await restOf(reader), []);
      });
    },
  },
];
