import assert from "node:assert/strict";
import type { Behaviour, Scene } from "./contract-scene.ts";
import {
  create,
  get,
  itemsOf,
  mergePatchType,
  metadataListOnly,
  metadataOnly,
  namesOf,
  objectOf,
  refusalOf,
  sealedSecret,
} from "./contract-scene.ts";

async function createSecrets(scene: Scene, names: string[]): Promise<void> {
  for (const name of names) await create(scene, scene.secrets, { metadata: { name } });
}

async function selected(scene: Scene, selector: string): Promise<(string | undefined)[]> {
  return namesOf(await get(scene, `${scene.secrets}?labelSelector=${encodeURIComponent(selector)}`));
}

/** Lists: pages, revisions, selectors, metadata only. */
export const listBehaviours: Behaviour[] = [
  {
    name: "a list is in the order of names, and items of built-in kinds carry no kind",
    run: async (scene) => {
      await createSecrets(scene, ["c", "a", "b"]);
      const list = await get(scene, scene.secrets);
      assert.deepEqual([list.kind, list.apiVersion], ["SecretList", "v1"]);
      assert.deepEqual(namesOf(list), ["a", "b", "c"]);
      assert.deepEqual(
        itemsOf(list).map((item) => item.kind),
        [undefined, undefined, undefined],
      );
      assert.match(list.metadata.resourceVersion ?? "", /^\d+$/);
    },
  },
  {
    name: "items of custom resource lists carry their kind",
    run: async (scene) => {
      await create(scene, scene.sealedSecrets, sealedSecret("a"));
      const list = await get(scene, scene.sealedSecrets);
      assert.deepEqual([list.kind, list.apiVersion], ["SealedSecretList", "bitnami.com/v1alpha1"]);
      assert.deepEqual(
        itemsOf(list).map((item) => [item.kind, item.apiVersion]),
        [["SealedSecret", "bitnami.com/v1alpha1"]],
      );
    },
  },
  {
    name: "a list over all namespaces holds those of each, in the order of paths",
    run: async (scene) => {
      const other = `${scene.namespace}-2`;
      await create(scene, "/api/v1/namespaces", { metadata: { name: other } });
      await create(scene, scene.secrets, { metadata: { name: "z", labels: { scene: scene.namespace } } });
      await create(scene, `/api/v1/namespaces/${other}/secrets`, {
        metadata: { name: "a", labels: { scene: scene.namespace } },
      });
      const list = await get(scene, `/api/v1/secrets?labelSelector=scene%3D${scene.namespace}`);
      assert.deepEqual(
        itemsOf(list).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`),
        [`${other}/a`, `${scene.namespace}/z`],
      );
    },
  },
  {
    name: "a list of a namespace that is not there is empty",
    run: async (scene) => {
      assert.deepEqual(itemsOf(await get(scene, "/api/v1/namespaces/no-such-namespace/secrets")), []);
    },
  },
  {
    name: "pages follow each other by their token and show one revision",
    run: async (scene) => {
      await createSecrets(scene, ["a", "b", "c", "d", "e"]);
      const first = await get(scene, `${scene.secrets}?limit=2`);
      const listMetadata = first.metadata as Record<string, unknown>;
      assert.deepEqual(namesOf(first), ["a", "b"]);
      assert.equal(listMetadata["remainingItemCount"], 3);
      await createSecrets(scene, ["cc"]);
      objectOf(await scene.api.request("DELETE", `${scene.secrets}/d`));
      const token = encodeURIComponent(String(listMetadata["continue"]));
      const rest = await get(scene, `${scene.secrets}?limit=5&continue=${token}`);
      assert.deepEqual(namesOf(rest), ["c", "d", "e"]);
      assert.equal(rest.metadata.resourceVersion, first.metadata.resourceVersion);
      assert.equal((rest.metadata as Record<string, unknown>)["continue"] ?? "", "");
      assert.equal((rest.metadata as Record<string, unknown>)["remainingItemCount"], undefined);
    },
  },
  {
    name: "pages of a selection tell no remaining count",
    run: async (scene) => {
      for (const name of ["a", "b", "c"])
        await create(scene, scene.secrets, { metadata: { name, labels: { x: "1" } } });
      const { metadata } = await get(scene, `${scene.secrets}?limit=1&labelSelector=x%3D1`);
      assert.equal((metadata as Record<string, unknown>)["remainingItemCount"], undefined);
      assert.notEqual((metadata as Record<string, unknown>)["continue"] ?? "", "");
    },
  },
  {
    name: "a continue token that is none is refused with 400",
    run: async (scene) => {
      const answer = await scene.api.request("GET", `${scene.secrets}?continue=xx`);
      assert.match(refusalOf(answer, 400, "BadRequest").message ?? "", /continue key is not valid/);
    },
  },
  {
    name: "a continue token with a resourceVersion is refused with 400",
    run: async (scene) => {
      await createSecrets(scene, ["a", "b"]);
      const { metadata } = await get(scene, `${scene.secrets}?limit=1`);
      const token = encodeURIComponent(String((metadata as Record<string, unknown>)["continue"]));
      const query = `limit=1&continue=${token}&resourceVersion=${metadata.resourceVersion}`;
      const answer = await scene.api.request("GET", `${scene.secrets}?${query}`);
      assert.match(
        refusalOf(answer, 400, "BadRequest").message ?? "",
        /specifying resource version is not allowed when using continue/,
      );
    },
  },
  {
    name: "resourceVersion 0 ignores the limit",
    run: async (scene) => {
      await createSecrets(scene, ["a", "b"]);
      const list = await get(scene, `${scene.secrets}?limit=1&resourceVersion=0`);
      assert.deepEqual(namesOf(list), ["a", "b"]);
    },
  },
  {
    name: "resourceVersionMatch=Exact shows the past",
    run: async (scene) => {
      const { metadata } = await create(scene, scene.secrets, { metadata: { name: "a" } });
      await createSecrets(scene, ["b"]);
      const query = `resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=Exact`;
      const list = await get(scene, `${scene.secrets}?${query}`);
      assert.deepEqual(namesOf(list), ["a"]);
      assert.equal(list.metadata.resourceVersion, metadata.resourceVersion);
      const newer = await get(scene, `${scene.secrets}?resourceVersion=${metadata.resourceVersion}`);
      assert.deepEqual(namesOf(newer), ["a", "b"]);
    },
  },
  {
    name: "a resourceVersion still to come is refused with 504 after a wait",
    run: async (scene) => {
      const future = "999999999";
      for (const path of [
        `${scene.secrets}?resourceVersion=${future}`,
        `${scene.secrets}/a?resourceVersion=${future}`,
      ]) {
        const { details } = refusalOf(await scene.api.request("GET", path), 504, "Timeout");
        const causes = details?.["causes"] as { reason: string }[];
        assert.equal(causes[0]?.reason, "ResourceVersionTooLarge");
        assert.equal(details?.["retryAfterSeconds"], 1);
      }
    },
  },
  {
    name: "a resourceVersion that is no number is refused with 400",
    run: async (scene) => {
      refusalOf(await scene.api.request("GET", `${scene.secrets}?resourceVersion=abc`), 400, "BadRequest");
      refusalOf(await scene.api.request("GET", `${scene.secrets}?limit=abc`), 400, "BadRequest");
    },
  },
  {
    name: "label selectors: =, ==, !=, in, notin, exists, not exists, and together",
    run: async (scene) => {
      await create(scene, scene.secrets, { metadata: { name: "a", labels: { x: "1", y: "1" } } });
      await create(scene, scene.secrets, { metadata: { name: "b", labels: { x: "2" } } });
      await create(scene, scene.secrets, { metadata: { name: "c" } });
      assert.deepEqual(await selected(scene, "x=1"), ["a"]);
      assert.deepEqual(await selected(scene, "x==1"), ["a"]);
      assert.deepEqual(await selected(scene, "x!=1"), ["b", "c"]);
      assert.deepEqual(await selected(scene, "x in (1, 2)"), ["a", "b"]);
      assert.deepEqual(await selected(scene, "x notin (1)"), ["b", "c"]);
      assert.deepEqual(await selected(scene, "x"), ["a", "b"]);
      assert.deepEqual(await selected(scene, "!x"), ["c"]);
      assert.deepEqual(await selected(scene, "x in (1,2),!y"), ["b"]);
      const bad = await scene.api.request("GET", `${scene.secrets}?labelSelector=a%20b`);
      refusalOf(bad, 400, "BadRequest");
    },
  },
  {
    name: "field selectors: name, namespace, a Secret's type, what an Event is about",
    run: async (scene) => {
      await create(scene, scene.secrets, { metadata: { name: "a" }, type: "example.com/t" });
      await createSecrets(scene, ["b"]);
      const events = `/api/v1/namespaces/${scene.namespace}/events`;
      const involvedObject = { kind: "SealedSecret", namespace: scene.namespace, name: "x" };
      await create(scene, events, { metadata: { name: "e" }, involvedObject });
      const names = async (path: string, selector: string): Promise<unknown> =>
        namesOf(await get(scene, `${path}?fieldSelector=${encodeURIComponent(selector)}`));
      assert.deepEqual(await names(scene.secrets, "metadata.name=a"), ["a"]);
      assert.deepEqual(await names(scene.secrets, "metadata.name!=a"), ["b"]);
      assert.deepEqual(await names("/api/v1/secrets", `metadata.namespace=${scene.namespace}`), ["a", "b"]);
      assert.deepEqual(await names(scene.secrets, "type=example.com/t"), ["a"]);
      await create(scene, scene.secrets, { metadata: { name: "c" }, type: "odd,=t" });
      assert.deepEqual(await names(scene.secrets, "type=odd\\,\\=t"), ["c"]);
      assert.deepEqual(await names(events, "involvedObject.name=x,involvedObject.kind=SealedSecret"), ["e"]);
      assert.deepEqual(await names(events, "involvedObject.name=y"), []);
      const unknown = await scene.api.request("GET", `${scene.secrets}?fieldSelector=spec.x%3D1`);
      assert.equal(refusalOf(unknown, 400, "BadRequest").message, "field label not supported: spec.x");
    },
  },
  {
    name: "a list with metadata only has a type of its own, and is refused with 406 under the object's",
    run: async (scene) => {
      await create(scene, scene.secrets, { metadata: { name: "a" }, stringData: { k: "v" } });
      const list = objectOf(await scene.api.request("GET", scene.secrets, undefined, metadataListOnly));
      assert.deepEqual([list.kind, list.apiVersion], ["PartialObjectMetadataList", "meta.k8s.io/v1"]);
      const [item] = itemsOf(list);
      assert.equal(item?.kind, "PartialObjectMetadata");
      assert.equal(item["data"], undefined);
      const wrong = await scene.api.request("GET", scene.secrets, undefined, metadataOnly);
      assert.match(
        refusalOf(wrong, 406, "NotAcceptable").message ?? "",
        /you requested PartialObjectMetadata, but the requested object is a list/,
      );
    },
  },
  {
    name: "a list's options that do not go together are refused with 422",
    run: async (scene) => {
      for (const [query, message] of [
        ["sendInitialEvents=true", "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"],
        [
          "resourceVersionMatch=Exact",
          "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
        ],
        [
          "resourceVersionMatch=Newest&resourceVersion=1",
          'resourceVersionMatch: Unsupported value: "Newest": supported values: "Exact", "NotOlderThan", ""',
        ],
        [
          "resourceVersionMatch=Exact&resourceVersion=0",
          'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
        ],
      ]) {
        const answer = await scene.api.request("GET", `${scene.secrets}?${query}`);
        assert.equal(
          refusalOf(answer, 422, "Invalid").message,
          `ListOptions.meta.k8s.io "" is invalid: ${message}`,
        );
      }
    },
  },
  {
    name: "labels changed by a patch count at once",
    run: async (scene) => {
      await create(scene, scene.secrets, { metadata: { name: "a", labels: { x: "1" } } });
      const patch = { metadata: { labels: { x: "2" } } };
      objectOf(await scene.api.request("PATCH", `${scene.secrets}/a`, patch, mergePatchType));
      assert.deepEqual(await selected(scene, "x=1"), []);
      assert.deepEqual(await selected(scene, "x=2"), ["a"]);
    },
  },
];
