import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { serviceFault } from "../../support/memory-kms.ts";
import { RemoteKeys } from "../key-services/remote-scene.ts";
import { testIdentity } from "./identity-secrets.ts";
import {
  ageRecipient,
  kmsRecipient,
  SOPS_PERMITTED,
  sopsManifest,
  sopsScene,
  untilRefused,
  vaultRecipient,
} from "./sops-scene.ts";

const five = { a: "1", b: "2", c: "3", d: "4", e: "5" };
const recipients = { kms: kmsRecipient(), vault: vaultRecipient() };
const opened = (keys: RemoteKeys) => ({
  kms: keys.kms.count("Decrypt"),
  vault: keys.transit.count("decryptUnbound"),
});

for (const backend of ["kms", "vault"] as const) {
  test(`${backend}: one call for an object, none when nothing changed, and none at a restart`, async (context) => {
    const keys = new RemoteKeys();
    const first = await sopsScene(context, keys, [], { args: SOPS_PERMITTED });
    const groups = [[recipients[backend]]];
    const object = await sopsManifest(keys, { name: "db", groups }, five);
    keys.forgetCalls();
    first.cluster.store.put(object);
    await first.untilSynced("db", five);
    const one = { kms: 0, vault: 0, [backend]: 1 };
    assert.deepEqual(opened(keys), one);
    assert.equal(keys.kms.calls.length + keys.transit.calls.length, 1);
    const stored = first.cluster.store.get("sealedsecrets.bitnami.com", "team", "db") ?? assert.fail();
    const marked = { ...stored.metadata, annotations: { ...stored.metadata.annotations, note: "x" } };
    first.cluster.store.put({ ...stored, metadata: marked });
    await first.stop();
    const second = await sopsScene(context, keys, [], { args: SOPS_PERMITTED, on: first.cluster });
    await second.seal("later", { x: "y" });
    await second.untilSynced("later", { x: "y" });
    await second.until("its record to be judged", async () =>
      /signet_sync_records_total\{result="match"\} 1/.test(await second.metrics()),
    );
    assert.deepEqual(opened(keys), one);
    assert.deepEqual(second.items("db"), five);
  });

  test(`${backend}: an outage leaves the Secret alone, and ends by itself`, async (context) => {
    const keys = new RemoteKeys();
    const service = backend === "kms" ? keys.kms : keys.transit;
    const groups = [[recipients[backend]]];
    const scene = await sopsScene(context, keys, [], { args: SOPS_PERMITTED });
    const put = async (name: string, plain: Record<string, string>) =>
      void scene.cluster.store.put(await sopsManifest(keys, { name, groups }, plain));
    await put("db", { a: "1" });
    await scene.untilSynced("db", { a: "1" });
    const next = await sopsManifest(keys, { name: "db", groups }, { a: "2" });
    service.before = () => {
      throw serviceFault("unavailable", "the service does not answer");
    };
    const writes = scene.secretWrites.length;
    scene.cluster.store.put(next);
    const message = await untilRefused(scene, "db", "KeyServiceUnavailable");
    assert.match(message, /its data key does not open: the service does not answer; look there/);
    assert.equal(scene.condition("db", "Reconciling")?.status, "True");
    assert.deepEqual([scene.items("db"), scene.secretWrites.length], [{ a: "1" }, writes]);
    service.before = () => undefined;
    await scene.untilSynced("db", { a: "2" });
  });

  test(`${backend}: what is refused there for good is asked for once, however often it is looked at`, async (context) => {
    const keys = new RemoteKeys();
    const scene = await sopsScene(context, keys, [], { args: SOPS_PERMITTED });
    const sealed = (name: string) =>
      sopsManifest(keys, { name, groups: [[recipients[backend]]] }, { a: "1" });
    const entryOf = ({ sops }: Awaited<ReturnType<typeof sealed>>) => {
      const [entry] = sops[backend === "kms" ? "kms" : "hc_vault"] as { enc: string }[];
      return entry ?? assert.fail();
    };
    const [object, other] = await Promise.all([sealed("db"), sealed("other")]);
    const { enc } = entryOf(other);
    // KMS binds the blob to its context; what Vault has is bound to nothing, so it is damaged.
    entryOf(object).enc =
      backend === "kms" ? enc : enc.replace(/(?<=v1:.{20})./, (at) => (at === "A" ? "B" : "A"));
    keys.forgetCalls();
    for (const looks of [1, 2]) {
      const annotations = {
        ...object.metadata.annotations,
        "signet.dev/drift": looks === 1 ? "keep" : "repair",
      };
      scene.cluster.store.put({ ...object, metadata: { ...object.metadata, annotations } } as ApiObject);
      assert.match(await untilRefused(scene, "db", "UnsealFailed"), /does not open its entry/);
      assert.equal(opened(keys)[backend], 1);
    }
  });
}

test("entries of age come first and cost no call; a key service is asked where no identity opens", async (context) => {
  const keys = new RemoteKeys();
  const [ours, theirs] = await Promise.all([testIdentity(), testIdentity()]);
  const scene = await sopsScene(context, keys, [[ours, {}]], { args: SOPS_PERMITTED });
  const sealed = (name: string, identity = ours) =>
    sopsManifest(
      keys,
      { name, groups: [[kmsRecipient(), vaultRecipient(), ageRecipient(identity)]] },
      { a: name },
    );
  const [first, second] = await Promise.all([sealed("first"), sealed("second", theirs)]);
  keys.forgetCalls();
  scene.cluster.store.put(first);
  await scene.untilSynced("first", { a: "first" });
  assert.deepEqual(opened(keys), { kms: 0, vault: 0 });
  scene.cluster.store.put(second);
  await scene.untilSynced("second", { a: "second" });
  assert.deepEqual(opened(keys), { kms: 1, vault: 0 });
});

test("where several groups are needed each gives its share, and one that is missing is told", async (context) => {
  const keys = new RemoteKeys();
  const identity = await testIdentity();
  const scene = await sopsScene(context, keys, [[identity, {}]], { args: SOPS_PERMITTED });
  const groups = [[ageRecipient(identity)], [kmsRecipient()], [vaultRecipient()]];
  scene.cluster.store.put(await sopsManifest(keys, { name: "db", groups }, { a: "1" }));
  await scene.untilSynced("db", { a: "1" });
  const short = await sopsManifest(
    keys,
    { name: "short", groups: [[ageRecipient(identity)], [ageRecipient(await testIdentity())]] },
    { a: "1" },
  );
  scene.cluster.store.put(short);
  assert.match(await untilRefused(scene, "short", "UnsealFailed"), /1 of 2 shares/);
});

test("a data key is kept for a few minutes: an object that is changed and changed again asks once", async (context) => {
  const keys = new RemoteKeys();
  const scene = await sopsScene(context, keys, [], { args: SOPS_PERMITTED });
  const object = await sopsManifest(keys, { name: "db", groups: [[vaultRecipient()]] }, { a: "1" });
  keys.forgetCalls();
  scene.cluster.store.put(object);
  await scene.untilSynced("db", { a: "1" });
  const metadata = { ...object.metadata, annotations: { "signet.dev/drift": "keep" } };
  scene.cluster.store.put({ ...object, metadata });
  await scene.until("another look", () =>
    /decrypt: Disabled/.test(scene.condition("db", "Ready")?.message ?? ""),
  );
  assert.equal(opened(keys).vault, 1);
});

test("another cluster id has documents judged again, and no other object", async (context) => {
  const keys = new RemoteKeys();
  const identity = await testIdentity();
  const first = await sopsScene(context, keys, [[identity, {}]]);
  first.cluster.store.put(
    await sopsManifest(keys, { name: "db", groups: [[ageRecipient(identity)]] }, { a: "1" }),
  );
  await first.seal("classic", { b: "2" });
  await first.untilSynced("db", { a: "1" });
  await first.untilSynced("classic", { b: "2" });
  await first.stop();
  const second = await sopsScene(context, keys, [], {
    args: ["--cluster-id=cluster-two"],
    on: first.cluster,
  });
  assert.match(await untilRefused(second, "db", "UnsealFailed"), /differs in cluster/);
  assert.deepEqual(second.items("db"), { a: "1" });
  assert.match(await second.metrics(), /signet_private_key_operations_total\{purpose="open"\} 0/);
});

test("a controller that may not know its cluster opens no document, and says by which option it would", async (context) => {
  const keys = new RemoteKeys();
  const identity = await testIdentity();
  const scene = await sopsScene(context, keys, [[identity, {}]], { args: ["--cluster-id=none"] });
  scene.cluster.store.put(
    await sopsManifest(keys, { name: "db", groups: [[ageRecipient(identity)]] }, { a: "1" }),
  );
  assert.match(await untilRefused(scene, "db", "KeyServiceRefused"), /--cluster-id/);
  assert.equal(scene.items("db"), null);
});
