import assert from "node:assert/strict";
import { cp, rm } from "node:fs/promises";
import { after, afterEach, before, suite } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { isRecord } from "../support/control-plane/kube-object.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { type TestSealer, testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { assertOneWriter } from "../support/one-writer.ts";
import { type Replicas, startReplicas } from "../support/replicas.ts";
import { type SealedCrowd, sealedCrowd } from "../support/sealed-crowd.ts";
import { secretPath } from "../support/sealed-secret-scene.ts";
import { keySecretOf, keySecrets } from "../support/sealing-key-secrets.ts";
import { testCertificate } from "../support/test-certificates.ts";

requireNetbox();

const table = coverageTable({
  "api-killed": "the API server is killed amid work and started again",
  "etcd-killed": "etcd is killed amid work and started again",
  "watch-cut": "watches end while nothing happens; changes right after are seen",
  gone: "the place to resume a watch from was compacted away meanwhile",
  restored: "a backup of etcd is restored under the running controller",
});

const sealedSecrets = "/apis/bitnami.com/v1alpha1/sealedsecrets";

suite("restarts of the control plane", () => {
  let cluster: ControlPlane;
  let replicas: Replicas;
  let sealer: TestSealer;
  const key = testCertificate();

  before(async () => {
    cluster = await startInstalledCluster({ auditLog: true });
    await cluster.apply([keySecretOf("key", key)]);
    sealer = await testSealer(key.certificatePem);
    // A pace at which there is an amid.
    replicas = await startReplicas({
      controlPlane: cluster,
      flags: ["--kubeclient-qps=50", "--kubeclient-burst=20"],
    });
  });

  afterEach((context) => replicas.inspect(context));

  after(async () => {
    await replicas?.stop();
    await cluster?.stop();
  });

  for (const [row, name] of [
    ["api-killed", "apiServer"],
    ["etcd-killed", "etcd"],
  ] as const) {
    table.proves(row, `${name} killed amid 200 objects and started again`, async () => {
      await replicas.leader();
      const crowd = await sealedCrowd(cluster, { namespace: row, sealer });
      await whileStopped(() => crowd.fill("one", 200));
      await waitUntil({ what: "some Secrets", everyMs: 20 }, async () =>
        (await crowd.secrets()).length >= 20 ? true : null,
      );
      const unfinished = async () => 200 - (await crowd.secrets()).length;
      assert.ok((await unfinished()) > 0, "it was through before");
      await cluster.restartable[name].kill();
      await sleep(1000);
      await cluster.restartable[name].start();
      await crowd.untilRight();
      await untilStill(crowd);
      await assertKeysAndWriters();
    });
  }

  table.proves("watch-cut", "watches are cut while nothing happens", async (context) => {
    const crowd = await sealedCrowd(cluster, { namespace: "watch-cut", sealer });
    await crowd.fill("one", 10);
    await crowd.untilRight();
    await cluster.restartable.apiServer.kill();
    await cluster.restartable.apiServer.start();
    const changedAt = Date.now();
    await crowd.put("one-0", { a: "changed" });
    await crowd.put("new", { a: "new" });
    await crowd.remove("one-1");
    await cluster.request("DELETE", secretPath("watch-cut", "one-1"));
    await cluster.request("DELETE", secretPath("watch-cut", "one-2"));
    await crowd.untilRight();
    context.diagnostic(`seen ${Date.now() - changedAt} ms after the API server was ready`);
    await assertKeysAndWriters();
  });

  table.proves("gone", "both replicas sleep through a compaction", async () => {
    const crowd = await sealedCrowd(cluster, { namespace: "gone", sealer });
    await crowd.fill("one", 10);
    await crowd.untilRight();
    const seen = await resourceVersion();
    await whileStopped(async () => {
      await crowd.fill("two", 10);
      await crowd.put("one-0", { a: "changed" });
      await crowd.remove("one-1");
      await cluster.request("DELETE", secretPath("gone", "one-1"));
      await cluster.request("DELETE", secretPath("gone", "one-2"));
      await compact(await resourceVersion());
      // Its cache remembers what etcd has forgotten.
      await cluster.restartable.apiServer.kill();
      await cluster.restartable.apiServer.start();
      const path = `${sealedSecrets}?watch=true&timeoutSeconds=1&resourceVersion=${seen}`;
      const answer = await waitUntil({ what: "an answer to a watch" }, async () => {
        const { status, body } = await cluster.request("GET", path);
        // It is filling its cache anew.
        return status === 429 ? null : `${status} ${JSON.stringify(body)}`;
      });
      assert.match(answer, /"code":410/, "that place is gone");
    });
    await crowd.untilRight();
    await crowd.put("one-3", { a: "changed" });
    await crowd.untilRight();
    await assertKeysAndWriters();
  });

  table.proves("restored", "a backup is restored", async (context) => {
    const crowd = await sealedCrowd(cluster, { namespace: "restored", sealer });
    await crowd.fill("one", 20);
    await crowd.untilRight();
    const { dataFolder } = cluster.etcd;
    const backup = `${cluster.folder}/backup`;
    await cluster.restartable.etcd.kill();
    await cp(dataFolder, backup, { recursive: true });
    await cluster.restartable.etcd.start();
    const before = new Map(crowd.wanted);

    for (const round of [1, 2]) {
      for (let index = 0; index < 10; index++) await crowd.put(`one-${index}`, { a: `changed ${round}` });
      await crowd.fill(`after-${round}`, 10);
    }
    await crowd.remove("one-19");
    await cluster.request("DELETE", secretPath("restored", "one-19"));
    await crowd.untilRight();

    await cluster.restartable.apiServer.kill();
    await cluster.restartable.etcd.kill();
    await rm(dataFolder, { recursive: true });
    await cp(backup, dataFolder, { recursive: true });
    await cluster.restartable.etcd.start();
    await cluster.restartable.apiServer.start();
    const restoredAt = Date.now();
    // Others work on, too.
    await cluster.request("DELETE", secretPath("restored", "one-2"));
    const restored = await sealedCrowd(cluster, { namespace: "restored", sealer });
    for (const [name, items] of before) restored.wanted.set(name, items);
    await restored.put("one-3", { a: "of the new time" });
    await restored.put("fresh", { a: "fresh" });
    await restored.untilRight(180_000);
    context.diagnostic(`right ${Date.now() - restoredAt} ms after the API server was ready`);
    await untilStill(restored);
    assert.equal((await keySecrets(cluster)).length, 1);
  });

  table.everyRowHasATest();

  async function assertKeysAndWriters(): Promise<void> {
    assert.equal((await keySecrets(cluster)).length, 1);
    assertOneWriter(await cluster.auditEvents(), replicas.all);
  }

  /** Once all is right nothing is written any more. */
  async function untilStill(crowd: SealedCrowd): Promise<void> {
    const versions = async () =>
      JSON.stringify((await crowd.secrets()).map(({ metadata }) => metadata.resourceVersion));
    const before = await versions();
    await sleep(1000);
    assert.equal(await versions(), before);
  }

  /** However long it takes, no replica is through with it before it is over. */
  async function whileStopped(during: () => Promise<void>): Promise<void> {
    for (const { process } of replicas.all) process.signal("SIGSTOP");
    try {
      await during();
    } finally {
      for (const { process } of replicas.all) process.signal("SIGCONT");
    }
  }

  async function resourceVersion(): Promise<string> {
    const { body } = await cluster.request("GET", `${sealedSecrets}?limit=1`);
    return isRecord(body) && isRecord(body["metadata"]) ? String(body["metadata"]["resourceVersion"]) : "";
  }

  async function compact(revision: string): Promise<void> {
    const answer = await fetch(`${cluster.etcd.url}/v3/kv/compaction`, {
      method: "POST",
      body: JSON.stringify({ revision, physical: true }),
    });
    assert.equal(answer.status, 200, await answer.text());
  }
});
