import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { RemoteKeys } from "../key-services/remote-scene.ts";
import { testIdentity } from "./identity-secrets.ts";
import { ageRecipient, sopsManifest, sopsScene, untilRefused } from "./sops-scene.ts";

const identity = await testIdentity();
const groups = [[ageRecipient(identity)]];
const MARK = "kustomize.toolkit.fluxcd.io/decrypt";

test("a document without the mark that keeps Flux off opens, and is told so until it has it", async (context) => {
  const keys = new RemoteKeys();
  const scene = await sopsScene(context, keys, [[identity, {}]]);
  const object = await sopsManifest(keys, { name: "db", groups }, { a: "1" });
  assert.equal(object.metadata.annotations?.[MARK], "Disabled");
  const mark = (annotations: Record<string, string>) => {
    const stored = scene.cluster.store.get("sealedsecrets.bitnami.com", "team", "db");
    scene.cluster.store.put({
      ...object,
      ...stored,
      metadata: { ...(stored ?? object).metadata, annotations },
    });
  };
  const told = () => scene.condition("db", "Ready")?.message;
  mark({});
  await scene.untilSynced("db", { a: "1" });
  assert.match(
    told() ?? "",
    /no annotation kustomize\.toolkit\.fluxcd\.io\/decrypt: Disabled, without which Flux/,
  );
  mark({ [MARK]: "disabled" });
  await scene.until("the mark to be seen", () => told() === undefined);
  assert.equal(scene.condition("db", "Ready")?.status, "True");
});

test("only the value Disabled keeps Flux off, in whatever letters", async (context) => {
  const keys = new RemoteKeys();
  const scene = await sopsScene(context, keys, [[identity, {}]]);
  for (const [name, value] of [
    ["quiet", "DISABLED"],
    ["loud", "enabled"],
  ] as const) {
    const object = await sopsManifest(keys, { name, groups }, { a: "1" });
    const metadata = { ...object.metadata, annotations: { [MARK]: value } };
    scene.cluster.store.put({ ...object, metadata });
    await scene.untilSynced(name, { a: "1" });
  }
  assert.equal(scene.condition("quiet", "Ready")?.message, undefined);
  assert.match(scene.condition("loud", "Ready")?.message ?? "", /Flux/);
});

test("one that was decrypted on its way is refused by a reason of its own, whether or not the field sops came along", async (context) => {
  const keys = new RemoteKeys();
  const scene = await sopsScene(context, keys, [[identity, {}]]);
  const object = await sopsManifest(keys, { name: "db", groups }, { a: "1" });
  const plain = { a: "hunter2", "signet.dev/scope": "1/cluster-one/strict/team/db" };
  const { sops, ...without } = object;
  for (const [name, fields] of [
    ["bare", without],
    ["whole", { ...without, sops }],
  ] as const) {
    const metadata = { ...object.metadata, name };
    scene.cluster.store.put({ ...fields, metadata, spec: { encryptedData: plain } } as ApiObject);
    const message = await untilRefused(scene, name, "ValuesExposed");
    assert.match(message, /something decrypted this SOPS document before it was applied/);
    assert.match(message, /decrypt: Disabled .* change the values/);
    assert.equal(scene.condition(name, "Stalled")?.status, "True");
    assert.equal(scene.items(name), null);
  }
  assert.doesNotMatch(JSON.stringify(scene.events()) + scene.lines.join(""), /hunter2/);
});

test("where the cluster dropped the field sops the condition names the command that brings its definition up to date", async (context) => {
  const keys = new RemoteKeys();
  const scene = await sopsScene(context, keys, [[identity, {}]]);
  const { sops: _dropped, ...without } = await sopsManifest(keys, { name: "db", groups }, { a: "1" });
  scene.cluster.store.put(without as ApiObject);
  const message = await untilRefused(scene, "db", "UnsealFailed");
  assert.match(message, /its field sops is missing/);
  assert.match(message, /kubectl apply --server-side --force-conflicts -f crds\/sealedsecrets\.yaml/);
});
