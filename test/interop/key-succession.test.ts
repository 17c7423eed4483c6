import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { after, before, suite, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../controller/runtime/clock.ts";
import { KubeApiError } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeRequest } from "../../shared/kube/client.ts";
import { loadKubeConfig } from "../../shared/kube/config.ts";
import { connectKube } from "../../shared/kube/http-client.ts";
import { readCertificate } from "../../shared/seal/certificate.node.ts";
import { successorName } from "../../shared/seal/successor-name.node.ts";
import { type Leading, type Replica, startReplica } from "../controller/keys/replica.ts";
import { TestLease } from "../controller/keys/test-lease.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { certificateOf, keySecrets } from "../support/sealing-key-secrets.ts";
import { randomFrom } from "./random-from.ts";

requireNetbox();

const PERIOD_MS = 2000;
const RENEWALS = 20;
const PREFIX = "sealed-secrets-key";
const CLUSTER = "the cluster";
const BOUND_MS = 180_000;

suite("one key for each renewal, whatever happens to those who lead", () => {
  let cluster: ControlPlane;
  const clients: KubeClient[] = [];

  before(async () => {
    cluster = await startControlPlane({});
  });

  after(async () => {
    for (const client of clients) await client.close();
    await cluster?.stop();
  });

  async function connected(): Promise<KubeClient> {
    const client = connectKube(await loadKubeConfig({ kubeconfig: cluster.adminKubeconfig }), {
      version: "0.0.0-test",
    });
    clients.push(client);
    return client;
  }

  test("two replicas, paused and ended at random, writes that come late and twice: a chain of keys without a fork", async (context) => {
    const seed = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
    context.diagnostic(`SEED=${seed}`);
    const random = randomFrom(seed);
    const admin = await connected();
    const lease = new TestLease();
    const options = { renewPeriodMs: PERIOD_MS, clusterId: () => CLUSTER };
    const replicas: Replica[] = [];
    const lateWrites: Promise<number>[] = [];
    let deposed = 0;
    let leader = -1;
    const leadings: (Leading | null)[] = [null, null];
    let changing: Promise<void> = Promise.resolve();
    let isOver = false;

    /** What was sent, and never came, comes after all, or once more. */
    const sendLate = async (request: KubeRequest): Promise<number> => {
      const { signal: _signal, ...write } = request;
      await sleep(random() * 3000);
      return admin.request(write).then(
        () => 201,
        (error: unknown) => (error instanceof KubeApiError ? error.status : 0),
      );
    };
    /** The other one takes over; who led goes on as if paused, or ends. */
    const depose = (): Promise<void> => {
      changing = changing.then(async () => {
        if (isOver) return;
        deposed += 1;
        const former = leadings[leader] ?? null;
        const isPaused = random() < 0.5;
        if (!isPaused) former?.term.end();
        leader = 1 - leader;
        await leadings[leader]?.end();
        leadings[leader] = (replicas[leader] ?? assert.fail()).lead(lease, restless[leader]);
      });
      return changing;
    };
    const strike = async () => {
      if (!isOver && random() < 0.4) await Promise.race([depose(), sleep(random() * 100)]);
    };
    const restlessClient = (client: KubeClient): KubeClient => ({
      server: client.server,
      namespace: client.namespace,
      raw: (request) => client.raw(request),
      watch: (request) => client.watch(request),
      close: () => client.close(),
      async request(request) {
        const isKey = request.method === "POST" && request.path.endsWith("/secrets");
        if (!isKey) return client.request(request);
        if (random() < 0.7) lateWrites.push(sendLate(request));
        await strike();
        // Some never get further than the first hop.
        if (random() < 0.2) request.signal?.throwIfAborted();
        const { signal: _signal, ...unending } = request;
        const answer = await client.request(random() < 0.5 ? unending : request);
        await strike();
        return answer;
      },
    });
    const restless: KubeClient[] = [];
    for (let at = 0; at < 2; at++) {
      const client = await connected();
      restless.push(restlessClient(client));
      replicas.push(startReplica(client, systemClock, options));
    }

    leader = 0;
    leadings[0] = (replicas[0] ?? assert.fail()).lead(lease, restless[0]);
    const giveUpAt = performance.now() + BOUND_MS;
    while ((await keySecrets(cluster)).length <= RENEWALS) {
      assert.ok(
        performance.now() < giveUpAt,
        `too slow\n${replicas.map((one) => one.lines.join("")).join("\n")}`,
      );
      await sleep(200 + random() * 1000);
      if (random() < 0.5) await depose();
    }
    isOver = true;
    await changing;
    await Promise.all(replicas.map((replica) => replica.stop()));
    const statuses = await Promise.all(lateWrites);

    const keys = (await keySecrets(cluster)).map((secret) => ({
      name: secret.metadata.name,
      fingerprint: readCertificate(certificateOf(secret)).fingerprint,
      beginMs: new X509Certificate(certificateOf(secret)).validFromDate.getTime(),
    }));
    const counts = Object.groupBy(statuses, (status) => `${status}`);
    const summary = Object.entries(counts).map(([status, all]) => `${all?.length} late with ${status}`);
    context.diagnostic(`${keys.length} keys, ${deposed} times deposed, ${summary.join(", ")}`);
    assert.ok(keys.length > RENEWALS);
    let predecessor: string | null = null;
    for (const [at, { name, fingerprint, beginMs }] of keys.entries()) {
      const name0 = successorName(PREFIX, { cluster: CLUSTER, predecessor, counter: 0 });
      assert.equal(name, name0, `key ${at} succeeds the one before it`);
      predecessor = fingerprint;
      const former = keys[at - 1];
      if (former !== undefined) assert.ok(beginMs - former.beginMs >= PERIOD_MS, `key ${at} came too soon`);
    }
    assert.ok(deposed > RENEWALS / 2, `deposed only ${deposed} times`);
    assert.ok(
      (counts["409"]?.length ?? 0) > RENEWALS / 4,
      "writes that came late met the key that was there",
    );
    // Nobody makes backups here, and that is told.
    const alarms = ({ told }: Replica) => told.filter(({ reason }) => reason !== "SealingKeyNotBackedUp");
    for (const one of replicas) assert.deepEqual(alarms(one), [], "nobody took a renewal for an intrusion");
  });
});
