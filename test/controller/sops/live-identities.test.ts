import assert from "node:assert/strict";
import { test } from "node:test";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { RemoteKeys } from "../key-services/remote-scene.ts";
import { type IdentitySecretMarks, identitySecret, testIdentity } from "./identity-secrets.ts";
import { ageRecipient, sopsManifest, sopsScene, untilRefused } from "./sops-scene.ts";

const [one, two] = await Promise.all([testIdentity(), testIdentity()]);
const held = (marks: IdentitySecretMarks, identity = one) =>
  identitySecret({ k: identity.text }, marks) as ApiObject;

test("an object that no identity opens is looked at again when one comes, and stays in sync when it goes", async (context) => {
  const keys = new RemoteKeys();
  const scene = await sopsScene(context, keys, [[two, { name: "unfit" }]]);
  const groups = [[ageRecipient(one)]];
  scene.cluster.store.put(await sopsManifest(keys, { name: "db", groups }, { a: "1" }));
  const message = await untilRefused(scene, "db", "UnsealFailed");
  assert.match(message, /its data key does not open: no age identity at hand opens the age entry age1/);
  assert.match(
    message,
    /label a Secret with one in the controller's namespace signet\.dev\/age-identities=active, and name team in/,
  );
  assert.equal(scene.condition("db", "Stalled")?.status, "True");
  scene.cluster.store.put(held({ serves: "team" }));
  await scene.untilSynced("db", { a: "1" });
  scene.cluster.store.delete("secrets", "kube-system", "age-keys");
  scene.cluster.store.put(await sopsManifest(keys, { name: "late", groups }, { b: "2" }));
  await untilRefused(scene, "late", "UnsealFailed");
  assert.equal(scene.condition("db", "Ready")?.status, "True");
  assert.deepEqual(scene.items("db"), { a: "1" });
});

test("an identity serves the namespaces that its Secret names, as it names them now", async (context) => {
  const keys = new RemoteKeys();
  const scene = await sopsScene(context, keys, [[one, { serves: "other" }]], {
    prepare: ({ store }) => void store.ensureNamespace("other"),
  });
  const groups = [[ageRecipient(one)]];
  for (const namespace of ["team", "other"])
    scene.cluster.store.put(await sopsManifest(keys, { name: "db", namespace, groups }, { a: namespace }));
  await scene.untilSynced("db", { a: "other" }, "other");
  await untilRefused(scene, "db", "UnsealFailed");
  scene.cluster.store.put(held({ serves: "team" }));
  await scene.untilSynced("db", { a: "team" });
});

test("a Secret in a tenant's namespace, or one that is labelled otherwise, is no identity", async (context) => {
  const keys = new RemoteKeys();
  const scene = await sopsScene(context, keys, [
    [one, { namespace: "team", name: "own" }],
    [one, { name: "retired", label: "retired" }],
  ]);
  scene.cluster.store.put(
    await sopsManifest(keys, { name: "db", groups: [[ageRecipient(one)]] }, { a: "1" }),
  );
  await untilRefused(scene, "db", "UnsealFailed");
});

test("a Secret that is refused holds up nothing: the replica is ready, and the event names it", async (context) => {
  const keys = new RemoteKeys();
  const scene = await sopsScene(context, keys, [[one, {}]], {
    prepare: ({ store }) => void store.put(identitySecret({ k: "hunter2" }, { name: "bad" }) as ApiObject),
  });
  scene.cluster.store.put(
    await sopsManifest(keys, { name: "db", groups: [[ageRecipient(one)]] }, { a: "1" }),
  );
  await scene.untilSynced("db", { a: "1" });
  assert.equal((await scene.ask("/readyz")).status, 200);
  const told = await scene.until("an event", () =>
    scene.events().find(({ reason }) => reason === "AgeIdentitiesRefused"),
  );
  assert.equal(told.name, "bad");
  assert.match(await scene.metrics(), /signet_age_identities\{state="refused"\} 1/);
  assert.doesNotMatch(JSON.stringify(scene.events()) + scene.lines.join(""), /hunter2/);
});

test("identities that cannot be listed hold up SOPS documents alone, which wait and do not fail", async (context) => {
  const keys = new RemoteKeys();
  const scene = await sopsScene(context, keys, [[one, {}]], {
    prepare: ({ faults }) =>
      void faults.add({ method: "GET", path: /\/secrets$/, query: /age-identities/, status: 503 }),
  });
  scene.cluster.store.put(
    await sopsManifest(keys, { name: "db", groups: [[ageRecipient(one)]] }, { a: "1" }),
  );
  await scene.seal("classic", { b: "2" });
  await scene.untilSynced("classic", { b: "2" });
  assert.match(await untilRefused(scene, "db", "KeyServiceUnavailable"), /age identities .* not listed yet/);
  assert.equal(scene.condition("db", "Stalled"), undefined);
  scene.cluster.faults.clear();
  await scene.untilSynced("db", { a: "1" });
});
