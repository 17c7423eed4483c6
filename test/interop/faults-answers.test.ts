import assert from "node:assert/strict";
import { after, afterEach, before, suite } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { type Fault, type FaultProxy, type ProxiedRequest, startFaultProxy } from "../support/fault-proxy.ts";
import { base64, type TestSealer, testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { assertOneWriter } from "../support/one-writer.ts";
import { type Replicas, startReplicas } from "../support/replicas.ts";
import { type SealedCrowd, sealedCrowd } from "../support/sealed-crowd.ts";
import { sealedPath, secretPath } from "../support/sealed-secret-scene.ts";
import { keySecretOf, keySecrets } from "../support/sealing-key-secrets.ts";
import { testCertificate } from "../support/test-certificates.ts";
import { randomFrom } from "./random-from.ts";

requireNetbox();

const table = coverageTable({
  conflict: "another writer races on the same Secrets and statuses: 409",
  "too-many": "the API server answers 429 and says when to come again",
  broken: "the API server answers 500 and 503",
  slow: "the API server is slow",
  lost: "answers get lost after the request was carried out, and connections break",
  all: "all of these at once, watches and the lease included",
});

const rounds = 5;
/** A slow machine sends fewer requests in a round, so that fewer of them meet a fault. */
const LEAST_FAULTS = 20;
const MOST_ROUNDS = 20;
const mergePatch = { contentType: "application/merge-patch+json" };

suite("an API server that answers badly", () => {
  let cluster: ControlPlane;
  let proxy: FaultProxy;
  let replicas: Replicas;
  let sealer: TestSealer;
  const key = testCertificate();

  before(async () => {
    cluster = await startInstalledCluster({ auditLog: true });
    await cluster.apply([keySecretOf("key", key)]);
    sealer = await testSealer(key.certificatePem);
    proxy = await startFaultProxy(cluster);
    const env = () => ({ KUBERNETES_SERVICE_PORT: `${proxy.port}` });
    replicas = await startReplicas({ controlPlane: cluster, env });
  });

  afterEach((context) => replicas.inspect(context));

  after(async () => {
    await replicas?.stop();
    await proxy?.close();
    await cluster?.stop();
  });

  table.proves("conflict", "another writer on the same Secrets and statuses", async (context) => {
    const crowd = await sealedCrowd(cluster, { namespace: "conflict", sealer });
    await crowd.fill("one", 20);
    await crowd.untilRight();
    const mine = new Set(replicas.all.map(({ credential }) => credential));
    const conflicts = async () =>
      (await cluster.auditEvents()).filter(({ code, credential }) => code === 409 && mine.has(credential))
        .length;
    let isOver = false;
    const intruder = (async () => {
      for (let count = 0; !isOver; count++) {
        const name = `one-${count % 20}`;
        const label = {
          metadata: { labels: { intruder: `${count}` }, annotations: { intruder: `${count}` } },
        };
        await cluster.request("PATCH", secretPath("conflict", name), label, mergePatch);
        await cluster.request("PATCH", sealedPath("conflict", name), label, mergePatch);
        const status = { status: { intruder: count, conditions: [] } };
        await cluster.request("PATCH", `${sealedPath("conflict", name)}/status`, status, mergePatch);
        const data = { data: { a: base64("not as sealed") } };
        await cluster.request("PATCH", secretPath("conflict", name), data, mergePatch);
      }
    })();
    try {
      for (let round = 0; round < rounds || ((await conflicts()) === 0 && round < MOST_ROUNDS); round++)
        await changeAll(crowd, "one", round, 20);
    } finally {
      isOver = true;
      await intruder;
    }
    await crowd.untilRight();
    for (const { metadata } of await crowd.secrets()) assert.equal(metadata.labels?.["intruder"], undefined);
    const met = await conflicts();
    context.diagnostic(`${met} conflicts`);
    assert.ok(met > 0, "they met");
    await assertFaultless();
  });

  const likely = (random: () => number, chance: number, fault: Fault) => () =>
    random() < chance ? fault : null;
  const tooMany: Fault = { kind: "answer", status: 429, headers: { "retry-after": "1" } };
  const faults: readonly [
    row: Exclude<Parameters<typeof table.proves>[0], readonly unknown[]>,
    judge: (random: () => number) => (request: ProxiedRequest) => Fault | null,
  ][] = [
    ["too-many", (random) => likely(random, 0.3, tooMany)],
    [
      "broken",
      (random) => () => (random() < 0.3 ? { kind: "answer", status: random() < 0.5 ? 500 : 503 } : null),
    ],
    // Slower than half the renew deadline for some: the lease survives a request that hangs.
    ["slow", (random) => () => ({ kind: "delay", ms: random() < 0.05 ? 1200 : random() * 200 })],
    [
      "lost",
      (random) => {
        const mixed: readonly Fault[] = [{ kind: "drop-answer" }, { kind: "drop" }];
        return ({ isWatch }) =>
          random() < (isWatch ? 0.5 : 0.2) ? (mixed[random() < 0.7 ? 0 : 1] ?? null) : null;
      },
    ],
    [
      "all",
      (random) => {
        const mixed: readonly Fault[] = [
          tooMany,
          { kind: "answer", status: 500 },
          { kind: "answer", status: 410 },
          { kind: "answer", status: 504 },
          { kind: "drop-answer" },
          { kind: "drop" },
          { kind: "delay", ms: 300 },
          { kind: "delay", ms: 2500 },
        ];
        return () => (random() < 0.4 ? (mixed[Math.floor(random() * mixed.length)] ?? null) : null);
      },
    ],
  ];
  for (const [row, judge] of faults) {
    table.proves(row, `faults of the kind "${row}" while objects come, change and go`, async (context) => {
      const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
      context.diagnostic(`SEED=${seed}`);
      const crowd = await sealedCrowd(cluster, { namespace: row, sealer });
      // Each change deletes the Secret and makes it anew.
      const recreated = await sealedCrowd(cluster, {
        namespace: `${row}-recreated`,
        sealer,
        shape: { annotations: { "signet.dev/recreate": "true" }, template: { immutable: true } },
      });
      await crowd.fill("one", 20);
      await recreated.fill("one", 3);
      await crowd.untilRight();
      await recreated.untilRight();
      const before = total(proxy.injected);
      proxy.inject(judge(randomFrom(seed)));
      // Watches that were there before are to be taken up anew under these conditions, too.
      proxy.cutConnections();
      try {
        const enough = () => total(proxy.injected) - before > LEAST_FAULTS;
        for (let round = 0; round < rounds || (!enough() && round < MOST_ROUNDS); round++) {
          await changeAll(crowd, "one", round, 10);
          await changeAll(recreated, "one", round, 3);
          await crowd.fill(`round-${round}`, 10);
          await cluster.request("DELETE", secretPath(row, `one-${10 + round}`));
          await sleep(500);
        }
        await crowd.remove("one-19");
        await cluster.request("DELETE", secretPath(row, "one-19"));
      } finally {
        proxy.inject(() => null);
      }
      const endedAt = Date.now();
      const injected = total(proxy.injected) - before;
      await crowd.untilRight();
      await recreated.untilRight();
      context.diagnostic(`${injected} faults, right ${Date.now() - endedAt} ms after the last`);
      assert.ok(injected > LEAST_FAULTS, `only ${injected} faults`);
      await assertFaultless();
    });
  }

  table.everyRowHasATest();

  async function changeAll(crowd: SealedCrowd, prefix: string, round: number, count: number): Promise<void> {
    for (let index = 0; index < count; index++)
      await crowd.put(`${prefix}-${index}`, { a: `value ${index} of round ${round}`, b: "same" });
  }

  async function assertFaultless(): Promise<void> {
    assert.equal((await keySecrets(cluster)).length, 1);
    assertOneWriter(await cluster.auditEvents(), replicas.all);
    for (const { process } of replicas.all) assert.ok(!process.hasEnded(), process.lastLines());
  }
});

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
