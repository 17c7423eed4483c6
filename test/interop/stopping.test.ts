import assert from "node:assert/strict";
import { after, afterEach, before, suite } from "node:test";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import type { KubeObject } from "../support/control-plane/kube-object.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { base64, testSealer } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { type Scene, type SceneSecret, type SceneStatus, sceneOf } from "../support/sealed-secret-scene.ts";
import { keySecretOf, keySecrets } from "../support/sealing-key-secrets.ts";
import { type SignetController, startSignetController } from "../support/signet-controller.ts";
import { testCertificate } from "../support/test-certificates.ts";

requireNetbox();

const table = coverageTable({
  "sigterm-idle": "SIGTERM without work ends it at once, with 0",
  "sigterm-load": "SIGTERM amid work ends it with 0, with nothing half done",
  "sigterm-restart": "after a restart the rest is done, what was done is left as it is",
  "sigkill-load": "SIGKILL amid work leaves nothing half done",
  "sigkill-restart": "after that, too, the rest is done and no key is made anew",
  "sigterm-early": "SIGTERM while it waits for the API server ends it, too",
});

/** Enough that the pace below takes twenty seconds. */
const count = 200;
/** Requests a second: a pace at which there is an amid. */
const pace = ["--kubeclient-qps=20", "--kubeclient-burst=20"];
/** Work under way may end; time-to-end.test.ts shows that what is waited for fits into the time a Pod has. */
const endBoundMs = 90_000;
/** SealedSecrets that are worked on at once, by default. */
const inHand = 8;

suite("how the controller ends", () => {
  let cluster: ControlPlane;
  let scene: Scene;
  let controller: SignetController | null = null;
  const key = testCertificate();

  before(async () => {
    cluster = await startInstalledCluster();
    scene = sceneOf(cluster, { boundMs: 60_000 });
    await cluster.apply([keySecretOf("key", key)]);
  });

  afterEach(async () => {
    await controller?.stop();
    controller = null;
  });

  after(async () => {
    await controller?.stop();
    await cluster?.stop();
  });

  table.proves("sigterm-idle", "SIGTERM without work: it ends with 0 and says so", async () => {
    const { process, url } = await start([]);
    process.signal("SIGTERM");
    assert.equal(await process.waitForEnd(endBoundMs), 0);
    assert.match(process.output(), /msg=Stopped/);
    await assert.rejects(fetch(`${url}/healthz`));
  });

  for (const [signal, rows] of [
    ["SIGTERM", ["sigterm-load", "sigterm-restart"]],
    ["SIGKILL", ["sigkill-load", "sigkill-restart"]],
  ] as const) {
    table.proves(rows, `${signal} amid ${count} objects, then a restart`, async () => {
      const namespace = `amid-${signal.toLowerCase()}`;
      await scene.namespaces(namespace);
      const sealer = await testSealer(key.certificatePem);
      for (let index = 0; index < count; index++) {
        const items = { a: `value ${index}`, b: "same" };
        await cluster.apply([await sealer.object({ namespace, name: `object-${index}`, items })]);
      }
      const { process } = await start(pace);
      await waitUntil({ what: "some Secrets", everyMs: 20 }, async () =>
        (await secrets(namespace)).length >= count / 10 ? true : null,
      );
      process.signal(signal);
      assert.equal(await process.waitForEnd(endBoundMs), signal === "SIGTERM" ? 0 : "SIGKILL");
      const done = await secrets(namespace);
      assert.ok(done.length < count, "it was through before the signal came");
      if (signal === "SIGTERM") assertTookNoMore(process.output());
      for (const secret of done) assertWhole(secret);
      // A status never says more than what was done.
      const names = new Set(done.map(({ metadata }) => metadata.name));
      for (const object of await sealedSecrets(namespace)) {
        if (isSynced(object)) assert.ok(names.has(object.metadata.name), object.metadata.name);
      }

      await start([]);
      await waitUntil({ what: "every object to be in sync", boundMs: 120_000 }, async () => {
        const objects = await sealedSecrets(namespace);
        return objects.length === count && objects.every(isSynced) ? true : null;
      });
      const all = new Map((await secrets(namespace)).map((secret) => [secret.metadata.name, secret]));
      assert.equal(all.size, count);
      for (const secret of all.values()) assertWhole(secret);
      for (const before of done) assert.deepEqual(all.get(before.metadata.name), before);
      assert.equal((await keySecrets(cluster)).length, 1);
    });
  }

  table.proves("sigterm-early", "SIGTERM while the API server does not answer", async () => {
    const { process } = await startSignetController({
      controlPlane: cluster,
      untilReady: false,
      // Nothing listens there.
      env: { KUBERNETES_SERVICE_PORT: "1" },
    });
    await process.waitForOutput(/level=WARN .*will retry/);
    process.signal("SIGTERM");
    assert.equal(await process.waitForEnd(endBoundMs), 0);
  });

  table.everyRowHasATest();

  async function start(flags: readonly string[]): Promise<SignetController> {
    controller = await startSignetController({ controlPlane: cluster, flags });
    return controller;
  }

  async function secrets(namespace: string): Promise<SceneSecret[]> {
    const { body } = await cluster.request("GET", `/api/v1/namespaces/${namespace}/secrets`);
    return (body as { items: SceneSecret[] }).items;
  }

  async function sealedSecrets(namespace: string): Promise<KubeObject[]> {
    const path = `/apis/bitnami.com/v1alpha1/namespaces/${namespace}/sealedsecrets`;
    const { body } = await cluster.request("GET", path);
    return (body as { items: KubeObject[] }).items;
  }
});

function isSynced(object: KubeObject): boolean {
  const status = object["status"] as SceneStatus | undefined;
  return status?.conditions?.[0]?.type === "Synced" && status.conditions[0].status === "True";
}

function assertTookNoMore(log: string): void {
  const afterSignal = log.split("msg=Stopping ")[1] ?? assert.fail(log);
  const done = afterSignal.split("reason: 'Unsealed'").length - 1;
  assert.ok(done <= inHand, `${done} were done after the signal, more than were in hand`);
}

function assertWhole({ metadata, data }: SceneSecret): void {
  const index = metadata.name.replace("object-", "");
  assert.deepEqual(data, { a: base64(`value ${index}`), b: base64("same") });
  assert.equal(metadata.ownerReferences?.length, 1);
}
