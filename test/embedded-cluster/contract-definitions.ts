import assert from "node:assert/strict";
import type { Behaviour, Scene } from "./contract-scene.ts";
import {
  causesOf,
  create,
  get,
  nextEvent,
  objectOf,
  refusalOf,
  sealedSecret,
  until,
  watching,
} from "./contract-scene.ts";

const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

const text = { type: "string" };
const freeForm = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

/** A definition of the scene's own, so that scenes do not meet. */
function definition({ namespace }: Scene, properties: object, required: string[] = []): object {
  const group = `${namespace}.example.com`;
  const spec = { type: "object", properties, ...(required.length > 0 ? { required } : {}) };
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `things.${group}` },
    spec: {
      group,
      scope: "Namespaced",
      names: { kind: "Thing", listKind: "ThingList", plural: "things", singular: "thing" },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object", properties: { spec } } },
        },
      ],
    },
  };
}

const thing = ({ namespace }: Scene, name: string, spec: object, more: object = {}): object => ({
  apiVersion: `${namespace}.example.com/v1`,
  kind: "Thing",
  metadata: { name },
  spec,
  ...more,
});

/** Applies a definition and waits until its resource takes objects. @returns the path of the scene's things */
async function define(scene: Scene, properties: object, required?: string[]): Promise<string> {
  await create(scene, definitions, definition(scene, properties, required));
  const path = `/apis/${scene.namespace}.example.com/v1/namespaces/${scene.namespace}/things`;
  await until(async () => (await scene.api.request("GET", path)).status === 200, "serving of the definition");
  return path;
}

async function undefine({ api, namespace }: Scene): Promise<void> {
  objectOf(await api.request("DELETE", `${definitions}/things.${namespace}.example.com`));
}

/** Custom resources: coming and going with their definition, pruned and judged by its schema. */
export const definitionBehaviours: Behaviour[] = [
  {
    name: "a definition is established, and its resource served; deleted, its objects go too",
    run: async (scene) => {
      const path = await define(scene, {});
      const stored = await get(scene, `${definitions}/things.${scene.namespace}.example.com`);
      assert.equal(stored.metadata.generation, 1);
      const { conditions } = stored["status"] as { conditions: { type: string; status: string }[] };
      assert.ok(conditions.some(({ type, status }) => type === "Established" && status === "True"));
      const { metadata } = await create(scene, path, thing(scene, "a", {}));
      await watching(
        scene,
        `${path}?watch=true&resourceVersion=${metadata.resourceVersion}`,
        async (reader) => {
          await undefine(scene);
          assert.equal((await nextEvent(reader)).type, "DELETED");
        },
      );
      await until(async () => (await scene.api.request("GET", path)).status === 404, "end of the resource");
    },
  },
  {
    name: "a definition without status subresource serves none",
    run: async (scene) => {
      const path = await define(scene, {});
      const stored = await create(scene, path, thing(scene, "a", {}));
      const answer = await scene.api.request("PUT", `${path}/a/status`, stored);
      refusalOf(answer, 404, "NotFound");
      const labelled = { ...stored, metadata: { ...stored.metadata, labels: { a: "b" } } };
      assert.equal(objectOf(await scene.api.request("PUT", `${path}/a`, labelled)).metadata.generation, 1);
      await undefine(scene);
    },
  },
  {
    name: "fields that the schema does not know are dropped",
    run: async (scene) => {
      const path = await define(scene, {
        known: text,
        list: { type: "array", items: { type: "object", properties: { a: text } } },
        free: freeForm,
      });
      const spec = { known: "x", unknown: 1, list: [{ a: "y", b: 2 }], free: { a: { b: 1 } } };
      const stored = await create(scene, path, thing(scene, "a", spec, { other: 1 }));
      assert.deepEqual(stored["spec"], { known: "x", list: [{ a: "y" }], free: { a: { b: 1 } } });
      assert.equal(stored["other"], undefined);
      await undefine(scene);
    },
  },
  {
    name: "a null is dropped where the schema does not allow one, and kept where it does",
    run: async (scene) => {
      const path = await define(scene, {
        plain: text,
        nullable: { ...text, nullable: true },
        map: { type: "object", additionalProperties: text },
        nullableMap: { type: "object", additionalProperties: { ...text, nullable: true } },
      });
      const spec = { plain: null, nullable: null, map: { a: null, b: "x" }, nullableMap: { a: null } };
      const stored = await create(scene, path, thing(scene, "a", spec));
      assert.deepEqual(stored["spec"], { nullable: null, map: { b: "x" }, nullableMap: { a: null } });
      await undefine(scene);
    },
  },
  {
    name: "what the schema does not allow is refused with 422 that names each field",
    run: async (scene) => {
      const path = await define(
        scene,
        {
          needed: text,
          kind: { ...text, enum: ["a", "b"] },
          matched: { ...text, pattern: "^[a-z]+$", minLength: 2, maxLength: 3 },
          any: { type: "number" },
          number: { type: "integer", minimum: 1, maximum: 5 },
          map: { type: "object", additionalProperties: text },
        },
        ["needed"],
      );
      const good = { needed: "x", kind: "a", matched: "ab", number: 5, any: 5, map: { k: "v" } };
      await create(scene, path, thing(scene, "good", good));
      for (const [spec, field, reason] of [
        [{ needed: undefined }, "spec.needed", "FieldValueRequired"],
        [{ needed: 3 }, "spec.needed", "FieldValueTypeInvalid"],
        [{ kind: "c" }, "spec.kind", "FieldValueNotSupported"],
        [{ matched: "AB" }, "spec.matched", "FieldValueInvalid"],
        [{ matched: "a" }, "spec.matched", "FieldValueInvalid"],
        [{ matched: "abcd" }, "spec.matched", "FieldValueTooLong"],
        [{ any: "5" }, "spec.any", "FieldValueTypeInvalid"],
        [{ number: 0 }, "spec.number", "FieldValueInvalid"],
        [{ number: 6 }, "spec.number", "FieldValueInvalid"],
        [{ number: 1.5 }, "spec.number", "FieldValueTypeInvalid"],
        [{ map: { k: 3 } }, "spec.map.k", "FieldValueTypeInvalid"],
        [{ map: ["v"] }, "spec.map", "FieldValueTypeInvalid"],
      ] as const) {
        const answer = await scene.api.request("POST", path, thing(scene, "bad", { ...good, ...spec }));
        const causes = causesOf(refusalOf(answer, 422, "Invalid"));
        assert.deepEqual([causes[0]?.field, causes[0]?.reason], [field, reason], JSON.stringify(causes));
      }
      await undefine(scene);
    },
  },
  {
    name: "a SealedSecret without spec is refused, one with values that are no text too",
    run: async (scene) => {
      const missing = sealedSecret("a", {}, { spec: undefined });
      const first = refusalOf(await scene.api.request("POST", scene.sealedSecrets, missing), 422, "Invalid");
      assert.equal(first.message, 'SealedSecret.bitnami.com "a" is invalid: spec: Required value');
      const number = sealedSecret("a", { encryptedData: { k: 3 } });
      const second = refusalOf(await scene.api.request("POST", scene.sealedSecrets, number), 422, "Invalid");
      assert.equal(
        second.message,
        'SealedSecret.bitnami.com "a" is invalid: spec.encryptedData.k: Invalid value: "integer": spec.encryptedData.k in body must be of type string: "integer"',
      );
    },
  },
  {
    name: "a status that the schema does not allow is refused with 422",
    run: async (scene) => {
      const stored = await create(scene, scene.sealedSecrets, sealedSecret("a"));
      const status = { conditions: [{ type: "Synced" }] };
      const answer = await scene.api.request("PUT", `${scene.sealedSecrets}/a/status`, { ...stored, status });
      assert.equal(
        refusalOf(answer, 422, "Invalid").message,
        'SealedSecret.bitnami.com "a" is invalid: status.conditions[0].status: Required value',
      );
    },
  },
];
