import assert from "node:assert/strict";
import { after, afterEach, before, suite } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";
import { testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { assertKeyChain } from "../support/key-chain.ts";
import { assertOneWriter } from "../support/one-writer.ts";
import { type Replicas, startReplicas } from "../support/replicas.ts";
import { type SealedCrowd, sealedCrowd } from "../support/sealed-crowd.ts";
import { keySecretOf, keySecrets } from "../support/sealing-key-secrets.ts";
import { controllerNamespace, type SignetController } from "../support/signet-controller.ts";
import { testCertificate } from "../support/test-certificates.ts";
import { randomFrom } from "./random-from.ts";

requireNetbox();

const table = coverageTable({
  "cut-off": "the leader is cut off from the API server, the other one is not",
  late: "and what it sent arrives when the other one leads",
});

const rounds = 5;
const renewPeriodMs = 4000;
const clusterId = "cut";

suite("a leader that is cut off", () => {
  let cluster: ControlPlane;
  let replicas: Replicas;
  let plain: SealedCrowd;
  let recreated: SealedCrowd;
  const proxies: FaultProxy[] = [];
  const key = testCertificate();

  before(async () => {
    cluster = await startInstalledCluster({ auditLog: true });
    await cluster.apply([keySecretOf("key", key)]);
    const sealer = await testSealer(key.certificatePem);
    plain = await sealedCrowd(cluster, { namespace: "plain", sealer });
    // Each change deletes the Secret and makes it anew.
    recreated = await sealedCrowd(cluster, {
      namespace: "recreated",
      sealer,
      shape: { annotations: { "signet.dev/recreate": "true" }, template: { immutable: true } },
    });
    for (let replica = 0; replica < 2; replica++) proxies.push(await startFaultProxy(cluster));
    replicas = await startReplicas({
      controlPlane: cluster,
      flags: [`--key-renew-period=${renewPeriodMs}ms`, `--cluster-id=${clusterId}`],
      env: (replica) => ({ KUBERNETES_SERVICE_PORT: `${proxies[replica]?.port}` }),
    });
  });

  afterEach((context) => replicas.inspect(context));

  after(async () => {
    await replicas?.stop();
    for (const proxy of proxies) await proxy.close();
    await cluster?.stop();
  });

  for (const row of ["cut-off", "late"] as const) {
    table.proves(row, row === "late" ? "requests arrive late" : "connections break", async (context) => {
      const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
      context.diagnostic(`SEED=${seed}`);
      const random = randomFrom(seed);
      let isOver = false;
      const changing = (async () => {
        for (let count = 0; !isOver; count++) {
          await plain.put(`object-${count % 10}`, { a: `${row} ${count}`, b: "same" });
          await recreated.put(`object-${count % 2}`, { a: `${row} ${count}`, b: "same" });
          await sleep(150);
        }
      })();
      try {
        for (let round = 0; round < rounds; round++) {
          await replicas.leader();
          await sleep(random() * 1500);
          const arrival = Promise.withResolvers<void>();
          const proxy = row === "cut-off" ? await cutOff() : await holdWrites(arrival.promise);
          await replicas.leader(behind(proxy));
          await sleep(800 + random() * 1500);
          arrival.resolve();
          await sleep(300);
          for (const each of proxies) each.inject(() => null);
        }
      } finally {
        for (const proxy of proxies) proxy.inject(() => null);
        isOver = true;
        await changing;
      }
      await plain.untilRight();
      await recreated.untilRight();
      const judged = assertOneWriter(await cluster.auditEvents(), replicas.all, "on their way");
      context.diagnostic(
        `${judged.writes} writes in ${judged.changes + 1} terms, ${judged.late.length} of them late`,
      );
      assert.ok(judged.changes >= rounds);
      const ofKeys = { namespace: controllerNamespace, clusterId, first: "key", renewPeriodMs };
      await waitUntil({ what: "renewals to go on" }, async () =>
        (await keySecrets(cluster)).length > rounds ? true : null,
      );
      const keys = await assertKeyChain(cluster, ofKeys);
      context.diagnostic(`${keys} keys`);
      for (const one of replicas.all) assert.doesNotMatch(one.logs(), /changed without renewal/);
    });
  }

  table.everyRowHasATest();

  /** Nothing of the leader gets through. @returns its proxy. */
  async function cutOff(): Promise<FaultProxy> {
    const leader = await replicas.leader();
    const proxy = proxies[replicas.numberOf(leader)] ?? assert.fail();
    proxy.inject(() => ({ kind: "drop" }));
    proxy.cutConnections();
    return proxy;
  }

  /**
   * Whoever writes first sees what there is to do, and cannot do it in time.
   * @returns its proxy, once it holds that write.
   */
  async function holdWrites(until: Promise<void>): Promise<FaultProxy> {
    let holding: FaultProxy | null = null;
    for (const proxy of proxies) {
      proxy.inject(({ method, path, isWatch }) => {
        const isWrite = method !== "GET";
        // It leads until then.
        if (isWrite && !path.includes("/leases")) holding ??= proxy;
        if (holding !== proxy) return null;
        if (isWatch) return { kind: "drop" };
        return isWrite ? { kind: "late", until } : null;
      });
    }
    return waitUntil({ what: "a write to hold" }, () => holding);
  }

  function behind(proxy: FaultProxy): SignetController {
    return replicas.all.find((one) => proxies[replicas.numberOf(one)] === proxy) ?? assert.fail();
  }
});
