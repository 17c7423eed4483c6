import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { serviceFault } from "../../support/memory-kms.ts";
import type { ControllerScene } from "../faults/controller-scene.ts";
import {
  KMS_KEY,
  manifest,
  OTHER_KMS_KEY,
  PERMITTED,
  pair,
  RemoteKeys,
  remoteScene,
  sealedValues,
} from "./remote-scene.ts";

const put = (scene: ControllerScene, object: ApiObject) => void scene.cluster.store.put(object);
const untilReason = (scene: ControllerScene, name: string, reason: string) =>
  scene.until(`${name}: ${reason}`, () => scene.condition(name, "Ready")?.reason === reason);

for (const backend of ["kms", "vault"] as const) {
  test(`${backend}: an outage leaves what is in sync alone, and ends by itself`, async (context) => {
    const keys = new RemoteKeys();
    const service = backend === "kms" ? keys.kms : keys.transit;
    const sealer = keys.sealers()[backend];
    const first = await remoteScene(context, keys);
    put(first, manifest({ name: "db" }, await sealedValues(sealer, { name: "db" }, { a: "1" })));
    await first.untilSynced("db", { a: "1" });
    await first.stop();
    const next = await sealedValues(sealer, { name: "new" }, { a: "2" });

    service.before = () => {
      throw serviceFault("unavailable", "the service does not answer");
    };
    // Other rules have what is in sync opened once more.
    const scene = await remoteScene(context, keys, {
      on: first.cluster,
      args: [...PERMITTED, `--kms-allowed-keys=${KMS_KEY},${OTHER_KMS_KEY}`],
    });
    put(scene, manifest({ name: "new" }, next));
    for (const name of ["db", "new"]) await untilReason(scene, name, "KeyServiceUnavailable");
    assert.match(scene.condition("db", "Ready")?.message ?? "", /the service does not answer; look there/);
    assert.equal(scene.condition("db", "Synced")?.status, "True", "its Secret stands as it was sealed");
    assert.equal(scene.condition("new", "Synced")?.status, "False");
    for (const name of ["db", "new"]) {
      assert.equal(scene.condition(name, "Reconciling")?.status, "True");
      assert.equal(scene.condition(name, "Stalled"), undefined);
    }
    assert.deepEqual(scene.items("db"), { a: "1" });
    assert.deepEqual(scene.secretWrites, []);
    assert.match(
      await scene.metrics(),
      new RegExp(`signet_key_service_closed_gates\\{service="${backend}"\\} 1`),
    );

    service.before = () => undefined;
    await scene.untilSynced("new", { a: "2" });
    // It stayed in sync all the time: what ends is the trouble that it told of.
    await scene.until("db: ready", () => scene.condition("db", "Ready")?.status === "True");
    const open = `signet_key_service_closed_gates{service="${backend}"} 0\n`;
    await scene.until("open gates", async () => (await scene.metrics()).includes(open));
    const failed = scene.events().filter(({ reason }) => reason === "ErrUnsealFailed");
    assert.deepEqual(failed.map(({ name }) => name).sort(), ["db", "new"], "each is told once");
    const told = (words: string) => scene.lines.filter((line) => line.includes(words)).length;
    assert.equal(told("A key service fails"), 1);
    assert.equal(told("A key service works again"), 1);
    assert.equal(told("Error updating, will retry"), 2, "not at each retry");
  });
}

test("a service that refuses stalls its objects, and serves them again when it lets us", async (context) => {
  const keys = new RemoteKeys();
  const scene = await remoteScene(context, keys);
  const values = await sealedValues(keys.sealers().kms, { name: "db" }, { a: "1" });
  keys.kms.before = () => {
    throw serviceFault("denied", "the service does not let us");
  };
  put(scene, manifest({ name: "db" }, values));
  await untilReason(scene, "db", "KeyServiceRefused");
  assert.equal(scene.condition("db", "Stalled")?.status, "True");
  assert.equal(scene.condition("db", "Synced")?.status, "False");
  keys.kms.before = () => undefined;
  await scene.untilSynced("db", { a: "1" });
});

test("a thousand objects in an outage of a minute cost it probes, not calls; all are in sync afterwards", async (context) => {
  const keys = new RemoteKeys();
  const { kms } = keys.sealers();
  const names = Array.from({ length: 1000 }, (_, at) => `object-${at}`);
  const objects = await Promise.all(
    names.map(async (name) => manifest({ name }, await sealedValues(kms, { name }, { a: name }))),
  );
  const OUTAGE_MS = 60_000;
  const HASTE = 20;
  let begun: number | null = null;
  let calls = 0;
  keys.kms.before = () => {
    begun ??= performance.now();
    // On a machine with much else to do a minute of this clock may be over before it is asked again.
    if (calls >= 2 && performance.now() - begun >= OUTAGE_MS / HASTE) return;
    calls += 1;
    throw serviceFault("unavailable");
  };
  const scene = await remoteScene(context, keys, {
    haste: HASTE,
    prepare: ({ store }) => {
      for (const object of objects) store.put(object);
    },
  });
  const allReady = () => names.every((name) => scene.condition(name, "Ready")?.status === "True");
  await scene.until("all in sync", allReady, 60_000);
  // Those who were there first asked at once, and then one each 1, 2, 4, 8, 16, 32 s.
  assert.ok(calls <= 50, `${calls} calls while it lasted`);
  context.diagnostic(`${calls} calls failed`);
  const failed = scene.events().filter(({ reason }) => reason === "ErrUnsealFailed");
  assert.equal(new Set(failed.map(({ name }) => name)).size, failed.length, "one event an object at most");
});

test("tenants whose key hangs hold up no other one", async (context) => {
  const keys = new RemoteKeys();
  const { kms } = keys.sealers();
  const tenants = ["one", "two", "three"];
  const scene = await remoteScene(context, keys, {
    // No wait of the controller ends within this test, nor does a call that hangs.
    haste: 0.01,
    prepare: ({ store }) => {
      for (const namespace of [...tenants, "quiet"]) store.ensureNamespace(namespace);
    },
  });
  await scene.until("ready", async () => (await scene.ask("/readyz")).status === 200);
  let hanging = 0;
  const released = Promise.withResolvers<void>();
  keys.kms.before = () => {
    hanging += 1;
    return released.promise;
  };
  for (const namespace of tenants)
    for (let at = 0; at < 20; at++) {
      const name = `hung-${at}`;
      put(
        scene,
        manifest(
          { namespace, name },
          await sealedValues(kmsWithoutWait(kms, keys), { namespace, name }, { a: "1" }),
        ),
      );
    }
  try {
    await scene.until("every tenant to hang", () => hanging >= 18);
    await scene.seal("fresh", { b: "2" }, "quiet");
    await scene.untilSynced("fresh", { b: "2" }, "quiet");
    assert.equal(hanging, 18, "they hang as before, and nobody else's turn came");
  } finally {
    released.resolve();
  }
});

/** The sealer, whose own calls go past what hangs. */
function kmsWithoutWait(sealer: ReturnType<RemoteKeys["sealers"]>["kms"], keys: RemoteKeys): typeof sealer {
  return {
    ...sealer,
    async sealAll(...args) {
      const { before } = keys.kms;
      keys.kms.before = () => undefined;
      const sealed = sealer.sealAll(...args);
      keys.kms.before = before;
      return sealed;
    },
  };
}

test("a start over objects in sync asks nobody; a narrowed allow-list has each judged again", async (context) => {
  const keys = new RemoteKeys();
  const { kms, vault } = keys.sealers();
  const first = await remoteScene(context, keys);
  const names = ["a", "b", "c"];
  for (const name of names) {
    const values = {
      ...(await sealedValues(kms, { name }, { a: "1" })),
      ...(await sealedValues(vault, { name }, { b: "2" })),
    };
    put(first, manifest({ name }, values));
  }
  put(first, manifest({ name: "classic" }, await sealedValues(pair.sealer, { name: "classic" }, { c: "3" })));
  for (const name of names) await first.untilSynced(name, { a: "1", b: "2" });
  await first.untilSynced("classic", { c: "3" });
  await first.stop();
  keys.forgetCalls();

  const matches = (scene: ControllerScene, count: number) =>
    scene.until(`${count} records judged`, async () =>
      new RegExp(`signet_sync_records_total\\{result="match"\\} ${count}\\n`).test(await scene.metrics()),
    );
  const again = await remoteScene(context, keys, { on: first.cluster });
  await matches(again, 4);
  await again.stop();
  assert.deepEqual([...keys.kms.calls, ...keys.transit.calls], []);

  const [, ...others] = PERMITTED;
  const narrowed = await remoteScene(context, keys, {
    on: first.cluster,
    args: [`--kms-allowed-keys=${OTHER_KMS_KEY}`, ...others],
  });
  for (const name of names) {
    await untilReason(narrowed, name, "KeyNotAllowed");
    assert.deepEqual(narrowed.items(name), { a: "1", b: "2" }, "its Secret stays");
    assert.equal(narrowed.condition(name, "Stalled")?.status, "True");
  }
  assert.equal(narrowed.condition("classic", "Ready")?.status, "True");
  await narrowed.stop();
  assert.deepEqual(
    [...keys.kms.calls, ...keys.transit.calls],
    [],
    "a key that is not allowed is not asked for",
  );
  assert.deepEqual(narrowed.secretWrites, []);

  const widened = await remoteScene(context, keys, { on: first.cluster });
  for (const name of names) await widened.untilSynced(name, { a: "1", b: "2" });
  await widened.stop();
  await sleep(0);
  assert.deepEqual(widened.secretWrites, []);
});

test("a Secret that was deleted in an outage is not told to stand, and comes back", async (context) => {
  const keys = new RemoteKeys();
  const scene = await remoteScene(context, keys);
  const values = await sealedValues(keys.sealers().vault, { name: "db" }, { a: "1" });
  put(scene, manifest({ name: "db" }, values));
  await scene.untilSynced("db", { a: "1" });
  keys.transit.before = () => {
    throw serviceFault("unavailable");
  };
  scene.cluster.store.delete("secrets", "team", "db");
  await untilReason(scene, "db", "KeyServiceUnavailable");
  assert.equal(scene.condition("db", "Synced")?.status, "False");
  assert.equal(scene.condition("db", "Reconciling")?.status, "True");
  keys.transit.before = () => undefined;
  await scene.untilSynced("db", { a: "1" });
});
