import assert from "node:assert/strict";
import type { Behaviour, Scene } from "./contract-scene.ts";
import { causesOf, create, objectOf, refusalOf } from "./contract-scene.ts";

const oneMebibyte = 1024 * 1024;

async function refusedChange(scene: Scene, change: object): Promise<string> {
  const answer = await scene.api.request("PUT", `${scene.secrets}/a`, { metadata: { name: "a" }, ...change });
  return refusalOf(answer, 422, "Invalid").message ?? "";
}

/** What Secrets and ConfigMaps have beyond other objects. */
export const secretBehaviours: Behaviour[] = [
  {
    name: "a Secret's stringData goes into data, over an item of that name, and the type is Opaque",
    run: async (scene) => {
      const secret = await create(scene, scene.secrets, {
        metadata: { name: "a" },
        data: { a: "YQ==", b: "Yg==" },
        stringData: { b: "ü", c: "" },
      });
      assert.deepEqual(secret["data"], { a: "YQ==", b: "w7w=", c: "" });
      assert.equal(secret["stringData"], undefined);
      assert.equal(secret["type"], "Opaque");
    },
  },
  {
    name: "a Secret without items has no data, and a null item is empty",
    run: async (scene) => {
      assert.equal(
        (await create(scene, scene.secrets, { metadata: { name: "a" }, data: {} }))["data"],
        undefined,
      );
      const withNull = await create(scene, scene.secrets, { metadata: { name: "b" }, data: { k: null } });
      assert.equal(withNull["type"], "Opaque");
      const stored = objectOf(await scene.api.request("GET", `${scene.secrets}/b`));
      assert.deepEqual(stored["data"], { k: "" });
    },
  },
  {
    name: "a Secret's type cannot change",
    run: async (scene) => {
      await create(scene, scene.secrets, { metadata: { name: "a" }, type: "example.com/t" });
      assert.equal(
        await refusedChange(scene, { type: "example.com/u" }),
        'Secret "a" is invalid: type: Invalid value: "example.com/u": field is immutable',
      );
      assert.equal(
        await refusedChange(scene, {}),
        'Secret "a" is invalid: type: Invalid value: "Opaque": field is immutable',
      );
    },
  },
  {
    name: "an immutable Secret keeps its items and its mark, but not its labels",
    run: async (scene) => {
      const object = { stringData: { k: "v" }, immutable: true };
      await create(scene, scene.secrets, { metadata: { name: "a" }, ...object });
      assert.equal(
        await refusedChange(scene, { stringData: { k: "w" }, immutable: true }),
        'Secret "a" is invalid: data: Forbidden: field is immutable when `immutable` is set',
      );
      assert.equal(
        await refusedChange(scene, { stringData: { k: "v" } }),
        'Secret "a" is invalid: immutable: Forbidden: field is immutable when `immutable` is set',
      );
      const metadata = { name: "a", labels: { x: "y" } };
      const next = objectOf(await scene.api.request("PUT", `${scene.secrets}/a`, { metadata, ...object }));
      assert.deepEqual(next.metadata.labels, { x: "y" });
    },
  },
  {
    name: "an immutable Secret without items takes no empty data",
    run: async (scene) => {
      await create(scene, scene.secrets, { metadata: { name: "a" }, immutable: true });
      const same = { metadata: { name: "a" }, immutable: true };
      objectOf(await scene.api.request("PUT", `${scene.secrets}/a`, same));
      assert.equal(
        await refusedChange(scene, { data: {}, immutable: true }),
        'Secret "a" is invalid: data: Forbidden: field is immutable when `immutable` is set',
      );
    },
  },
  {
    name: "an immutable ConfigMap likewise",
    run: async (scene) => {
      const configMaps = `/api/v1/namespaces/${scene.namespace}/configmaps`;
      await create(scene, configMaps, { metadata: { name: "a" }, data: { k: "v" }, immutable: true });
      const answer = await scene.api.request("PUT", `${configMaps}/a`, {
        metadata: { name: "a" },
        data: { k: "w" },
      });
      assert.equal(
        refusalOf(answer, 422, "Invalid").message,
        'ConfigMap "a" is invalid: [immutable: Forbidden: field is immutable when `immutable` is set, data: Forbidden: field is immutable when `immutable` is set]',
      );
    },
  },
  {
    name: "items that are not base64 are refused with 400",
    run: async (scene) => {
      for (const [value, offset] of [
        ["!!!", 0],
        ["YWJj*", 4],
        ["YQ", 0],
        ["YWJjZA", 4],
        ["YQ=x", 2],
      ] as const) {
        const answer = await scene.api.request("POST", scene.secrets, {
          metadata: { name: "a" },
          data: { k: value },
        });
        assert.equal(
          refusalOf(answer, 400, "BadRequest").message,
          `Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte ${offset}`,
        );
      }
    },
  },
  {
    name: "items are stored in one form of base64",
    run: async (scene) => {
      const data = { lines: "YW\nI=", loose: "YR==" };
      const secret = await create(scene, scene.secrets, { metadata: { name: "a" }, data });
      assert.deepEqual(secret["data"], { lines: "YWI=", loose: "YQ==" });
    },
  },
  {
    name: "items that are no strings are refused with 400",
    run: async (scene) => {
      for (const part of [{ data: { k: 3 } }, { stringData: { k: true } }, { data: ["x"] }]) {
        const answer = await scene.api.request("POST", scene.secrets, { metadata: { name: "a" }, ...part });
        assert.match(refusalOf(answer, 400, "BadRequest").message ?? "", /json: cannot unmarshal/);
      }
    },
  },
  {
    name: "an item key with other characters is refused with 422",
    run: async (scene) => {
      const answer = await scene.api.request("POST", scene.secrets, {
        metadata: { name: "a" },
        data: { "a b": "" },
      });
      const refusal = refusalOf(answer, 422, "Invalid");
      assert.match(
        refusal.message ?? "",
        /^Secret "a" is invalid: data\[a b\]: Invalid value: "a b": a valid config key/,
      );
      assert.equal(causesOf(refusal)[0]?.field, "data[a b]");
    },
  },
  {
    name: "items of more than 1 MiB together are refused with 422, of exactly 1 MiB accepted",
    run: async (scene) => {
      const secret = (bytes: number): object => ({
        metadata: { name: "a" },
        data: { k: Buffer.alloc(bytes, 1).toString("base64") },
      });
      const answer = await scene.api.request("POST", scene.secrets, secret(oneMebibyte + 1));
      assert.equal(
        refusalOf(answer, 422, "Invalid").message,
        'Secret "a" is invalid: data: Too long: may not be more than 1048576 bytes',
      );
      await create(scene, scene.secrets, secret(oneMebibyte));
    },
  },
  {
    name: "Secret types ask for their items",
    run: async (scene) => {
      for (const [type, missing] of [
        ["kubernetes.io/tls", "[data[tls.crt]: Required value, data[tls.key]: Required value]"],
        ["kubernetes.io/ssh-auth", "data[ssh-privatekey]: Required value"],
        ["kubernetes.io/basic-auth", "[data[username]: Required value, data[password]: Required value]"],
        ["kubernetes.io/dockerconfigjson", "data[.dockerconfigjson]: Required value"],
      ]) {
        const answer = await scene.api.request("POST", scene.secrets, { metadata: { name: "a" }, type });
        assert.equal(refusalOf(answer, 422, "Invalid").message, `Secret "a" is invalid: ${missing}`);
      }
      const complete = [
        { type: "kubernetes.io/basic-auth", stringData: { username: "u" } },
        { type: "kubernetes.io/basic-auth", stringData: { password: "p" } },
        { type: "kubernetes.io/tls", stringData: { "tls.crt": "", "tls.key": "" } },
        { type: "kubernetes.io/dockerconfigjson", stringData: { ".dockerconfigjson": "{}" } },
      ];
      for (const [index, object] of complete.entries())
        await create(scene, scene.secrets, { metadata: { name: `complete-${index}` }, ...object });
    },
  },
  {
    name: "a docker configuration must be JSON, a service account's token must name it",
    run: async (scene) => {
      const docker = { type: "kubernetes.io/dockerconfigjson", stringData: { ".dockerconfigjson": "{" } };
      const answer = await scene.api.request("POST", scene.secrets, { metadata: { name: "a" }, ...docker });
      assert.match(
        refusalOf(answer, 422, "Invalid").message ?? "",
        /data\[\.dockerconfigjson\]: Invalid value: "<secret contents redacted>"/,
      );
      const token = { metadata: { name: "a" }, type: "kubernetes.io/service-account-token" };
      assert.equal(
        refusalOf(await scene.api.request("POST", scene.secrets, token), 422, "Invalid").message,
        'Secret "a" is invalid: metadata.annotations[kubernetes.io/service-account.name]: Required value',
      );
    },
  },
  {
    name: "unknown fields of a Secret are dropped, or refused with fieldValidation=Strict",
    run: async (scene) => {
      const object = { metadata: { name: "a" }, bogus: 1 };
      assert.equal((await create(scene, scene.secrets, object))["bogus"], undefined);
      const answer = await scene.api.request("POST", `${scene.secrets}?fieldValidation=Strict`, object);
      assert.match(
        refusalOf(answer, 400, "BadRequest").message ?? "",
        /strict decoding error: unknown field "bogus"/,
      );
    },
  },
];
