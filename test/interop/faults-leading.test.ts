import assert from "node:assert/strict";
import { after, afterEach, before, suite } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { type TestSealer, testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { assertKeyChain } from "../support/key-chain.ts";
import { assertOneWriter } from "../support/one-writer.ts";
import { controllersLease, type Replicas, shortLease, startReplicas } from "../support/replicas.ts";
import { type SealedCrowd, sealedCrowd } from "../support/sealed-crowd.ts";
import { keySecretOf } from "../support/sealing-key-secrets.ts";
import { readInstallationIn, type SignetController } from "../support/signet-controller.ts";
import { testCertificate } from "../support/test-certificates.ts";
import { randomFrom } from "./random-from.ts";

requireNetbox();

const table = coverageTable({
  "killed-of-two": "the leader of two replicas is killed amid work",
  "killed-of-three": "the leader of three replicas is killed amid work",
  paused: "leaders of two and of three are paused 50 times, with values changing and keys being renewed",
});

/** Replicas of each group; groups have leases, keys and objects of their own, and are paused side by side. */
const groupSizes = [2, 3, 2, 3, 2];
const pausesOfGroup = 10;
const renewPeriodMs = 4000;
const changeEveryMs = 400;
const clusterId = "pauses";
const objects = ["one", "two", "three"];

type Group = {
  namespace: string;
  replicas: Replicas;
  /** All that ever were. */
  members: Set<SignetController>;
  crowd: SealedCrowd;
};

suite("leaders that are killed or paused", () => {
  let cluster: ControlPlane;
  let sealer: TestSealer;
  const groups: Group[] = [];
  const key = testCertificate();

  before(async () => {
    cluster = await startInstalledCluster({ auditLog: true });
    sealer = await testSealer(key.certificatePem);
    // Started one after the other: so many at once would be in each other's way.
    for (const [index, count] of groupSizes.entries()) groups.push(await startGroup(`group-${index}`, count));
  });

  afterEach((context) => {
    for (const { replicas } of groups) replicas.inspect(context);
  });

  after(async () => {
    for (const { replicas } of groups) await replicas.stop();
    await cluster?.stop();
  });

  async function startGroup(namespace: string, count: number): Promise<Group> {
    const crowd = await sealedCrowd(cluster, { namespace: `${namespace}-work`, sealer });
    await cluster.apply([
      { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
      ...(await readInstallationIn(namespace)),
    ]);
    const first = keySecretOf("first", key);
    await cluster.apply([{ ...first, metadata: { ...first.metadata, namespace } }]);
    const replicas = await startReplicas({
      controlPlane: cluster,
      namespace,
      count,
      flags: [
        "--all-namespaces=false",
        `--additional-namespaces=${crowd.namespace}`,
        `--key-renew-period=${renewPeriodMs}ms`,
        `--cluster-id=${clusterId}`,
      ],
    });
    return { namespace, replicas, members: new Set(replicas.all), crowd };
  }

  for (const [row, at] of [
    ["killed-of-two", 0],
    ["killed-of-three", 1],
  ] as const) {
    table.proves(row, `SIGKILL of one of ${groupSizes[at]}`, async (context) => {
      const { namespace, replicas, members, crowd } = groups[at] ?? assert.fail();
      await crowd.fill("before", 20);
      await crowd.untilRight();
      const filled = crowd.fill("amid", 60);
      await waitUntil({ what: "some Secrets", everyMs: 20 }, async () =>
        (await crowd.secrets()).length >= 30 ? true : null,
      );
      const { leader, renewedAt, killedAt } = await killLeader(groups[at] ?? assert.fail());
      await filled;
      await crowd.put("before-0", { a: "changed" });
      await replicas.leader(leader);
      const { acquiredAt } = await controllersLease(cluster, namespace);
      context.diagnostic(`taken over ${acquiredAt - killedAt} ms after SIGKILL`);
      assert.ok(acquiredAt - renewedAt >= shortLease.durationMs, "the lease was waited out");
      await crowd.untilRight();
      members.add(await replicas.add());
      const { late } = await assertFaultless(groups[at] ?? assert.fail());
      assert.ok(!late.some(({ credential }) => credential === leader.credential), "it wrote after its end");
    });
  }

  table.proves("paused", "SIGSTOP, then SIGCONT when another one leads", async (context) => {
    const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
    context.diagnostic(`SEED=${seed}`);
    const startedAt = Date.now();
    const ends = await Promise.allSettled(
      groups.map((group, index) => pauseAgainAndAgain(group, randomFrom(seed + index))),
    );
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    let pauses = 0;
    let late = 0;
    let writes = 0;
    let keys = 0;
    for (const group of groups) {
      await group.crowd.untilRight();
      const judged = await assertFaultless(group);
      assert.ok(judged.changes >= pausesOfGroup, `${judged.changes} changes of the leader`);
      pauses += pausesOfGroup;
      late += judged.late.length;
      writes += judged.writes;
      keys += judged.keys;
    }
    assert.ok(keys > pauses / 2, `${keys} keys: renewals went on all the time`);
    context.diagnostic(
      `${pauses} pauses in ${Date.now() - startedAt} ms, ${writes} writes (${late} that were on their way), ${keys} keys`,
    );
  });

  table.everyRowHasATest();

  /** @returns who led when it was killed, and when it had renewed the lease for the last time. */
  async function killLeader({ namespace, replicas, members }: Group) {
    for (;;) {
      const { holder } = await controllersLease(cluster, namespace);
      const leader = await replicas.leader();
      await replicas.end(leader, "SIGKILL");
      const killedAt = Date.now();
      const last = await controllersLease(cluster, namespace);
      if (last.holder === holder && holder !== "") return { leader, renewedAt: last.renewedAt, killedAt };
      // On a busy machine it may have lost the lease just before.
      members.add(await replicas.add());
    }
  }

  async function pauseAgainAndAgain(group: Group, random: () => number): Promise<void> {
    const { namespace, replicas, crowd } = group;
    let isOver = false;
    const changing = (async () => {
      for (let count = 0; !isOver; count++) {
        await crowd.put(objects[count % objects.length] ?? "", { a: `value ${count}`, b: "same" });
        await sleep(changeEveryMs);
      }
    })();
    try {
      for (let pause = 0; pause < pausesOfGroup; pause++) {
        const leader = await replicas.leader();
        await sleep(random() * 2000);
        leader.process.signal("SIGSTOP");
        try {
          await replicas.leader(leader);
          await sleep(random() * 600);
        } finally {
          leader.process.signal("SIGCONT");
        }
      }
      // The last one has time to do wrong.
      await sleep(1500);
      const { holder } = await controllersLease(cluster, namespace);
      assert.notEqual(holder, "");
    } finally {
      isOver = true;
      await changing;
    }
  }

  /** No two leaders, no key too many, nobody alarmed. */
  async function assertFaultless({ namespace, members }: Group) {
    // One that is stopped between its question whether it leads and its sending cannot know.
    const judged = assertOneWriter(await cluster.auditEvents(), members, "on their way");
    const keys = await assertKeyChain(cluster, { namespace, clusterId, first: "first", renewPeriodMs });
    for (const one of members) assert.doesNotMatch(one.logs(), /changed without renewal/);
    return { ...judged, keys };
  }
});
