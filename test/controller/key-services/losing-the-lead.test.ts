import assert from "node:assert/strict";
import { test } from "node:test";
import { manifest, PERMITTED, RemoteKeys, remoteScene, sealedValues } from "./remote-scene.ts";

test("a replica that loses the lead keeps no data key in memory", async (context) => {
  const keys = new RemoteKeys();
  const at = { name: "db" };
  const scene = await remoteScene(context, keys, {
    haste: 1,
    args: [
      ...PERMITTED,
      ...["--leader-elect", "--lease-duration=3s", "--lease-renew-deadline=2s", "--lease-retry-period=500ms"],
    ],
  });
  const leads = async () => /^signet_leader 1$/m.test(await scene.metrics());
  await scene.until("a leader", leads);
  const { store } = scene.cluster;
  store.put(manifest(at, await sealedValues(keys.sealers().kms, at, { a: "1" })));
  await scene.untilSynced("db", { a: "1" });
  const remake = async () => {
    const { secretWrites } = scene;
    const before = secretWrites.length;
    store.delete("secrets", "team", "db");
    await scene.until("the Secret once more", () => secretWrites.length > before);
  };
  await remake();
  assert.equal(keys.opened.kms, 1, "while it leads, it is kept");

  const lease =
    store.get("leases.coordination.k8s.io", "kube-system", "sealed-secrets-controller") ?? assert.fail();
  const spec = { ...(lease["spec"] as object), holderIdentity: "other", leaseDurationSeconds: 3 };
  store.put({ ...lease, spec });
  await scene.until("no leader", async () => !(await leads()));
  await scene.until("a leader again", leads);
  await scene.until("the record judged", async () =>
    (await scene.metrics()).includes('signet_sync_records_total{result="match"} 1'),
  );
  assert.equal(keys.opened.kms, 1);
  await remake();
  assert.equal(keys.opened.kms, 2);
});
