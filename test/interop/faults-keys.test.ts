import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { after, afterEach, before, suite } from "node:test";
import { sealingPair } from "../controller/sealing-key.ts";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { metricOf } from "../support/metrics-of.ts";
import { assertOneWriter } from "../support/one-writer.ts";
import { type Replicas, startReplicas } from "../support/replicas.ts";
import { sealedCrowd } from "../support/sealed-crowd.ts";
import { type Scene, sceneOf, secretPath } from "../support/sealed-secret-scene.ts";
import {
  certificateOf,
  deleteKeys,
  keySecretOf,
  keySecrets,
  relabelKey,
} from "../support/sealing-key-secrets.ts";
import { controllerNamespace, type SignetController } from "../support/signet-controller.ts";
import { type TestCertificate, testCertificate } from "../support/test-certificates.ts";

requireNetbox();

const table = coverageTable({
  clock: "the time of renewal is the key's own, whoever is killed or ended meanwhile",
  added: "a key added live opens on both replicas, and the newest seals on both",
  malformed: "a key whose Secret becomes malformed is out on both, and in again when it is mended",
  relabelled: "a key relabelled is out on both, and in again",
  deleted: "a key deleted is out on both; of none at all one is made, and one only",
  follower: "the standby that followed all this takes over and knows the same keys",
});

const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${controllerNamespace}/leases/sealed-secrets-controller`;
/** Much longer than any test. */
const periodMs = 30 * 60_000;
const unlimited = ["--rate-limit=1000", "--rate-limit-burst=1000"];

suite("sealing keys under two replicas", () => {
  let cluster: ControlPlane;
  let scene: Scene;
  let replicas: Replicas | null = null;
  const members = new Set<SignetController>();

  before(async () => {
    cluster = await startInstalledCluster({ auditLog: true });
    scene = sceneOf(cluster);
  });

  afterEach(async (context) => {
    replicas?.inspect(context);
    for (const one of replicas?.all ?? []) members.add(one);
    await replicas?.stop();
    replicas = null;
    await deleteKeys(cluster);
    // It remembers which key sealed.
    await cluster.request("DELETE", leasePath);
  });

  after(async () => {
    await replicas?.stop();
    await cluster?.stop();
  });

  async function start(flags: readonly string[] = []): Promise<Replicas> {
    replicas = await startReplicas({ controlPlane: cluster, flags: [...unlimited, ...flags] });
    for (const one of replicas.all) members.add(one);
    return replicas;
  }

  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    table.proves(
      "clock",
      `renewals come a period after the last one, whoever ended by ${signal}`,
      async (context) => {
        for (let dueInMs = 20_000; ; dueInMs *= 2) {
          const aged = await sealingPair(new Date(Date.now() - periodMs + dueInMs));
          await cluster.apply([keySecretOf("aged", aged)]);
          const running = await start([`--key-renew-period=${periodMs}ms`]);
          // Nobody is left who knew the time.
          for (const one of running.all) await running.end(one, signal);
          const isEarly = (await keySecrets(cluster)).length === 1;
          await Promise.all([running.add(), running.add()]);
          for (const one of running.all) members.add(one);
          // Counted from the restart it would be much longer than this waits.
          const [first, second, ...more] = await waitUntil(
            { what: "a second key", boundMs: 240_000 },
            async () => {
              const found = await keySecrets(cluster);
              return found.length > 1 ? found : null;
            },
          );
          const tookMs = beginOf(second ?? assert.fail()) - beginOf(first ?? assert.fail());
          context.diagnostic(`renewed after ${tookMs} ms`);
          assert.ok(tookMs >= periodMs, "not before its time");
          assert.equal(more.length, 0, "one key for the renewal");
          await assertFaultless();
          if (isEarly) break;
          assert.ok(dueInMs < 80_000, "they took too long to start and to end");
          await running.stop();
          await deleteKeys(cluster);
          await cluster.request("DELETE", leasePath);
        }
      },
    );
  }

  table.proves(
    ["added", "malformed", "relabelled", "deleted", "follower"],
    "both replicas follow what becomes of keys",
    async () => {
      const [first, wanting, newest] = [testCertificate(-3), testCertificate(-2), testCertificate(-1)];
      await cluster.apply([keySecretOf("first", first)]);
      const running = await start();
      const leader = await running.leader();
      const of = (certificate: TestCertificate) => testSealer(certificate.certificatePem);
      const crowds = {
        first: await sealedCrowd(cluster, { namespace: "under-first", sealer: await of(first) }),
        wanting: await sealedCrowd(cluster, { namespace: "under-wanting", sealer: await of(wanting) }),
        newest: await sealedCrowd(cluster, { namespace: "under-newest", sealer: await of(newest) }),
      };
      for (const crowd of Object.values(crowds)) await crowd.fill("one", 5);
      await crowds.first.untilRight();
      await untilAll("key", async (one) => (await served(one)) === first.certificatePem);
      for (const one of running.all) {
        assert.equal(await opens(one, wanting), false);
        assert.equal(await opens(one, first), true);
      }

      await cluster.apply([keySecretOf("wanting", wanting), keySecretOf("newest", newest)]);
      for (const crowd of Object.values(crowds)) await crowd.untilRight();
      await untilAll("newest key", async (one) => (await served(one)) === newest.certificatePem);
      await untilAll("keys that open", (one) => opens(one, wanting));
      await scene.untilEvent(controllerNamespace, "newest", "SealingKeyChanged");

      const broken = keySecretOf("newest", { ...newest, privateKeyPem: first.privateKeyPem });
      await cluster.apply([broken]);
      await untilAll("key before it", async (one) => (await served(one)) === wanting.certificatePem);
      await untilAll("refusal", async (one) => !(await opens(one, newest)));
      await untilAll("metric", async (one) => (await loaded(one)) === "2 loaded, 1 refused");
      await scene.untilEvent(controllerNamespace, "newest", "SealingKeyRefused");
      await cluster.apply([keySecretOf("newest", newest)]);
      await untilAll("mended key", async (one) => (await served(one)) === newest.certificatePem);
      await untilAll("mended key that opens", (one) => opens(one, newest));

      await relabelKey(cluster, "newest", "compromised");
      await untilAll("key before it", async (one) => (await served(one)) === wanting.certificatePem);
      await untilAll("retirement", async (one) => !(await opens(one, newest)));
      await relabelKey(cluster, "newest", "active");
      await untilAll("key that is back", async (one) => (await served(one)) === newest.certificatePem);

      await scene.remove(secretPath(controllerNamespace, "newest"));
      await untilAll("key before it", async (one) => (await served(one)) === wanting.certificatePem);
      await untilAll("deletion", async (one) => !(await opens(one, newest)));

      await running.end(leader, "SIGKILL");
      const heir = await running.leader(leader);
      await crowds.wanting.put("late", { a: "under the new leader" });
      for (const crowd of Object.values(crowds)) await crowd.untilRight();
      assert.equal(await served(heir), wanting.certificatePem);
      assert.equal(await loaded(heir), "2 loaded, 0 refused");
      members.add(await running.add());
      assert.equal((await keySecrets(cluster)).length, 2, "none was made anew");

      for (const name of ["first", "wanting"]) await scene.remove(secretPath(controllerNamespace, name));
      const [made] = await waitUntil({ what: "a new key" }, async () => {
        const found = await keySecrets(cluster);
        return found.length > 0 ? found : null;
      });
      const pem = certificateOf(made ?? assert.fail());
      await untilAll("new key", async (one) => (await served(one)) === pem);
      await untilAll("new key that opens", (one) => opens(one, { certificatePem: pem }));
      assert.equal((await keySecrets(cluster)).length, 1);
      // What was right stays, though nobody could make it again.
      for (const { namespace, wanted } of Object.values(crowds))
        for (const name of wanted.keys()) assert.notEqual(await scene.secret(namespace, name), null);
      await assertFaultless();
    },
  );

  table.everyRowHasATest();

  /** Waits until something is so on every replica, the standby included. */
  async function untilAll(what: string, is: (one: SignetController) => Promise<boolean>): Promise<void> {
    for (const one of replicas?.all ?? assert.fail())
      await waitUntil({ what: `the ${what} on each replica` }, async () => ((await is(one)) ? true : null));
  }

  async function assertFaultless(): Promise<void> {
    assertOneWriter(await cluster.auditEvents(), members);
  }
});

async function served({ url }: SignetController): Promise<string> {
  return (await fetch(`${url}/v1/cert.pem`)).text();
}

async function opens(
  { url }: SignetController,
  key: Pick<TestCertificate, "certificatePem">,
): Promise<boolean> {
  const sealer = await testSealer(key.certificatePem);
  const body = JSON.stringify(await sealer.object({ name: "any", items: { a: "1" } }));
  const { status } = await fetch(`${url}/v1/verify`, { method: "POST", body });
  assert.ok(status === 200 || status === 409, `${status}`);
  return status === 200;
}

async function loaded(one: SignetController): Promise<string> {
  const state = (name: string) => metricOf(one, `signet_sealing_keys{state="${name}"}`);
  return `${await state("loaded")} loaded, ${await state("refused")} refused`;
}

function beginOf(secret: Parameters<typeof certificateOf>[0]): number {
  return new X509Certificate(certificateOf(secret)).validFromDate.getTime();
}
