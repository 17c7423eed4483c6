import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { ApiObject } from "../embedded-cluster/api-object.ts";
import { controllerScene } from "./faults/controller-scene.ts";
import { pairSecret, sealedManifest, sealingPair } from "./sealing-key.ts";

const KEY_LABEL = "sealedsecrets.bitnami.com/sealed-secrets-key";
const OPENS = "Opens";
const [old, current] = await Promise.all([sealingPair(new Date(Date.now() - 3_600_000)), sealingPair()]);

/** A cluster with two keys and an object in sync under each. */
async function scene(context: TestContext, ...args: string[]) {
  const running = await controllerScene(context, {
    keys: [pairSecret(old, "old"), pairSecret(current, "current")],
    haste: 400,
    args: ["--key-renew-period=0", ...args],
  });
  const { cluster } = running;
  for (const [pair, name] of [
    [old, "a"],
    [current, "b"],
  ] as const) {
    const place = { namespace: "team", name };
    cluster.store.put((await sealedManifest(pair, place, { password: "pw" })) as ApiObject);
    await running.untilSynced(name, { password: "pw" });
  }
  const label = (name: string, value: string) => {
    const secret = cluster.store.get("secrets", "kube-system", name) ?? assert.fail();
    const labels = { ...secret.metadata.labels, [KEY_LABEL]: value };
    cluster.store.put({ ...secret, metadata: { ...secret.metadata, labels } });
  };
  return { ...running, label };
}

const metric = (text: string, name: string) => new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1];

test("what no longer opens is told of, and its Secret and Synced stay as they are; the key back takes it away", async (context) => {
  const { cluster, condition, events, label, metrics, secretWrites, until, items } = await scene(context);
  const synced = condition("a", "Synced");
  const before = cluster.store.get("secrets", "team", "a");
  const written = secretWrites.length;
  label("old", "retired");
  const told = await until("the condition", () => condition("a", OPENS) ?? null);
  assert.deepEqual([told.status, told.reason], ["False", "NoKeyOpens"]);
  assert.match(told.message ?? "", /^no sealing key at hand opens password any more; the Secret stays/);
  assert.deepEqual(condition("a", "Synced"), synced);
  assert.equal(condition("a", "Ready")?.status, "True");
  assert.deepEqual(items("a"), { password: "pw" });
  assert.deepEqual(cluster.store.get("secrets", "team", "a"), before);
  await until("the event", () =>
    events().some(({ reason, name }) => reason === "NoKeyOpens" && name === "a") ? true : null,
  );
  assert.equal(condition("b", OPENS), undefined);
  await until("the metric", async () =>
    metric(await metrics(), "signet_sealedsecrets_not_opening") === "1" ? true : null,
  );
  assert.equal(secretWrites.length, written);
  label("old", "active");
  await until("no condition", () => (condition("a", OPENS) === undefined ? true : null));
  await until("the metric", async () =>
    metric(await metrics(), "signet_sealedsecrets_not_opening") === "0" ? true : null,
  );
});

test("an object whose Secret is gone, or that was changed, is others' to tell of", async (context) => {
  const { cluster, condition, label, metrics, until } = await scene(context, "--opening-check-period=1m");
  cluster.faults.add({ method: "GET", path: /\/namespaces\/team\/secrets\/a$/, status: 404, times: 1000 });
  label("old", "retired");
  await until("both checks", async () => {
    const text = await metrics();
    const opens = /signet_opening_checks_total\{outcome="opens"\} (\d+)/.exec(text)?.[1];
    const skipped = /signet_opening_checks_total\{outcome="skipped"\} (\d+)/.exec(text)?.[1];
    return Number(opens) > 0 && Number(skipped) > 0 ? true : null;
  });
  assert.equal(condition("a", OPENS), undefined);
});

test("switched off, nothing is checked", async (context) => {
  const { label, metrics, until } = await scene(context, "--opening-check-period=0");
  label("old", "retired");
  await until("the key gone", async () => (/state="loaded"\} 1/.test(await metrics()) ? true : null));
  assert.match(await metrics(), /signet_opening_checks_total\{outcome="opens"\} 0/);
  assert.match(await metrics(), /signet_private_key_operations_total\{purpose="check"\} 0/);
});
