import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, afterEach, before, suite } from "node:test";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { base64, type TestSealer, testSealer } from "../support/in-process-sealing.ts";
import { metricOf } from "../support/metrics-of.ts";
import { sealedCrowd } from "../support/sealed-crowd.ts";
import { conditionOf, type Scene, sceneOf, sealedPath, secretPath } from "../support/sealed-secret-scene.ts";
import { keySecretOf, keySecrets } from "../support/sealing-key-secrets.ts";
import {
  readInstallation,
  type SignetController,
  type SignetControllerOptions,
  startSignetController,
} from "../support/signet-controller.ts";
import { testCertificate } from "../support/test-certificates.ts";

requireNetbox();

const table = coverageTable({
  "crd-missing": "the definition of SealedSecrets is missing at the start and comes later",
  "namespace-deleted": "a namespace is deleted amid work, and comes back",
  "one-mebibyte": "a Secret of one mebibyte, and one that is too large",
  "many-items": "a Secret of a thousand items",
  flood: "a tenant floods with what does not open, and another one is served all the same",
});

const mebibyte = 1024 * 1024;
const ringSize = 24;
const floodObjects = 500;
const floodItems = 10;
const ready = 'signet_workqueue{state="ready"}';
const attempts = "sealed_secrets_controller_unseal_requests_total";
const mergePatch = { contentType: "application/merge-patch+json" };

suite("objects and namespaces out of the ordinary", () => {
  let cluster: ControlPlane;
  let scene: Scene;
  let sealer: TestSealer;
  let controller: SignetController | null = null;
  const key = testCertificate();

  before(async () => {
    cluster = await startControlPlane({ controllerManager: true });
    scene = sceneOf(cluster, { boundMs: 60_000 });
    await cluster.apply([keySecretOf("key", key)]);
    sealer = await testSealer(key.certificatePem);
  });

  afterEach(async () => {
    assert.notEqual(controller?.process.hasEnded(), true, controller?.process.lastLines());
    await stop();
  });

  after(async () => {
    await stop();
    await cluster?.stop();
  });

  async function start(options: Partial<SignetControllerOptions> = {}): Promise<SignetController> {
    controller = await startSignetController({ controlPlane: cluster, ...options });
    return controller;
  }

  async function stop(): Promise<void> {
    await controller?.stop();
    controller = null;
  }

  // First, while there is none.
  table.proves("crd-missing", "the definition comes after the controller", async (context) => {
    const installation = await readInstallation();
    const isDefinition = ({ kind }: { kind: string }) => kind === "CustomResourceDefinition";
    await cluster.apply(installation.filter((object) => !isDefinition(object)));
    const { url, process } = await start({ install: false, untilReady: false });
    await process.waitForOutput(/Cannot watch SealedSecrets, will retry/);
    assert.equal((await fetch(`${url}/healthz`)).status, 200);
    assert.equal((await fetch(`${url}/readyz`)).status, 503);
    await cluster.apply(installation.filter(isDefinition));
    const appliedAt = Date.now();
    const crowd = await sealedCrowd(cluster, { namespace: "crd-missing", sealer });
    await crowd.fill("one", 10);
    await crowd.untilRight();
    context.diagnostic(`right ${Date.now() - appliedAt} ms after the definition came`);
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
  });

  table.proves("namespace-deleted", "a namespace goes amid work", async () => {
    const namespace = "passing";
    // A pace at which there is an amid.
    const running = await start({ flags: ["--kubeclient-qps=20", "--kubeclient-burst=10"] });
    const others = await sealedCrowd(cluster, { namespace: "staying", sealer });
    const crowd = await sealedCrowd(cluster, { namespace, sealer });
    // However long it takes, it is not through with them by then.
    running.process.signal("SIGSTOP");
    await crowd.fill("one", 100);
    running.process.signal("SIGCONT");
    await waitUntil({ what: "some Secrets", everyMs: 20 }, async () =>
      (await crowd.secrets()).length >= 10 ? true : null,
    );
    assert.ok((await crowd.secrets()).length < 100, "it was through before");
    await scene.remove(`/api/v1/namespaces/${namespace}`);
    await others.fill("one", 20);
    await others.untilRight();
    await waitUntil({ what: "the namespace to go", boundMs: 120_000 }, async () =>
      (await cluster.request("GET", `/api/v1/namespaces/${namespace}`)).status === 404 ? true : null,
    );
    // Nothing of it is tried again and again.
    await waitUntil({ what: "an empty queue" }, async () => {
      const left = await Promise.all(
        ["ready", "working", "delayed", "failing"].map((state) =>
          metricOf(running, `signet_workqueue{state="${state}"}`),
        ),
      );
      return left.every((count) => count === 0) ? true : null;
    });
    const again = await sealedCrowd(cluster, { namespace, sealer });
    await again.fill("one", 20);
    await again.untilRight();
    await others.untilRight();
  });

  table.proves(
    "one-mebibyte",
    "one mebibyte is made, kept and repaired; one byte more is refused",
    async () => {
      const namespace = "large";
      await scene.namespaces(namespace);
      await start();
      const large = randomBytes(mebibyte);
      const object = await sealer.object({ namespace, name: "largest", items: { a: large } });
      await cluster.apply([object]);
      const isRight = (data?: Record<string, string>) => data?.["a"] === large.toString("base64");
      await scene.untilSynced(namespace, "largest", "True");
      assert.ok(isRight((await scene.secret(namespace, "largest"))?.data));
      await cluster.request(
        "PATCH",
        secretPath(namespace, "largest"),
        { data: { a: base64("else") } },
        mergePatch,
      );
      await scene.untilSecret(namespace, "largest", ({ data }) => isRight(data));

      const larger = await sealer.object({
        namespace,
        name: "too-large",
        items: { a: large, b: new Uint8Array(1) },
      });
      await cluster.apply([larger]);
      const status = await scene.untilSynced(namespace, "too-large", "False");
      assert.equal(conditionOf(status, "Synced").reason, "UpdateFailed");
      assert.equal(await scene.secret(namespace, "too-large"), null);

      await stop();
      const again = await start();
      const crowd = await sealedCrowd(cluster, { namespace: "beside-large", sealer });
      await crowd.fill("one", 5);
      await crowd.untilRight();
      await waitUntil({ what: "a record that matches" }, async () =>
        (await metricOf(again, 'signet_sync_records_total{result="match"}')) > 0 ? true : null,
      );
      assert.ok(isRight((await scene.secret(namespace, "largest"))?.data));
      await scene.remove(sealedPath(namespace, "too-large"));
    },
  );

  table.proves("many-items", "a thousand items", async (context) => {
    const crowd = await sealedCrowd(cluster, { namespace: "many-items", sealer });
    await start();
    const items = Object.fromEntries(
      Array.from({ length: 1000 }, (_, index) => [`item-${index}`, `value ${index}`]),
    );
    const putAt = Date.now();
    await crowd.put("many", items);
    await crowd.untilRight();
    context.diagnostic(`right after ${Date.now() - putAt} ms`);
    await crowd.put("many", { ...items, "item-500": "changed" });
    await crowd.untilRight();
  });

  table.proves("flood", "another tenant's fresh object is served while one floods", async (context) => {
    for (let serial = 2; serial <= ringSize; serial++)
      await cluster.apply([keySecretOf(`ring-${serial}`, testCertificate(-2, 3650, serial))]);
    const stranger = await testSealer(testCertificate(-1, 3650, 99).certificatePem);
    const tenant = await sealedCrowd(cluster, { namespace: "tenant", sealer });
    const flood = await sealedCrowd(cluster, { namespace: "flood", sealer: stranger });
    const items = (round: number) =>
      Object.fromEntries(Array.from({ length: floodItems }, (_, item) => [`item-${item}`, `${round}`]));
    const names = Array.from({ length: floodObjects }, (_, index) => `flood-${index}`);
    const all = [...names];
    const fill = async () => {
      for (let name = all.shift(); name !== undefined; name = all.shift()) await flood.put(name, items(0));
    };
    await Promise.all(Array.from({ length: 8 }, fill));

    const running = await start();
    assert.equal(await metricOf(running, 'signet_sealing_keys{state="loaded"}'), ringSize);
    let isOver = false;
    // Changed objects are new work each time, and nothing that is remembered helps.
    const flooding = (async () => {
      for (let round = 1; !isOver; round++) await flood.put(names[round % names.length] ?? "", items(round));
    })();
    try {
      await waitUntil({ what: "the flood to be worked on" }, async () =>
        (await metricOf(running, 'signet_private_key_operations_total{purpose="open"}')) > 100 ? true : null,
      );
      for (let attempt = 0; attempt < 3; attempt++) {
        const object = await sealer.object({
          namespace: "tenant",
          name: `fresh-${attempt}`,
          items: { a: `${attempt}`, b: "same" },
        });
        const [left, before] = [await metricOf(running, ready), await metricOf(running, attempts)];
        await cluster.apply([object]);
        await scene.untilSecret("tenant", `fresh-${attempt}`);
        const meanwhile = (await metricOf(running, attempts)) - before;
        tenant.wanted.set(`fresh-${attempt}`, { a: `${attempt}`, b: "same" });
        context.diagnostic(`${meanwhile} looks at others before it was served, with ${left} in the queue`);
        if (attempt === 0) assert.ok(left > floodObjects / 5, `the flood was all but over: ${left} left`);
        // It is no later for those that were there before it, however fast the machine is.
        if (left > floodObjects / 5) assert.ok(meanwhile < left / 2, `served after ${meanwhile} of ${left}`);
      }
    } finally {
      isOver = true;
      await flooding;
    }
    await tenant.untilRight();
    await waitUntil({ what: "a verdict on all of the flood", boundMs: 240_000, everyMs: 500 }, async () => {
      const objects = await flood.sealedSecrets();
      const judged = objects.filter((object) => JSON.stringify(object["status"])?.includes("UnsealFailed"));
      return judged.length === floodObjects ? true : null;
    });
    assert.deepEqual(await flood.secrets(), []);
    assert.equal((await keySecrets(cluster)).length, ringSize);
  });

  table.everyRowHasATest();
});
