import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { connectKms, type KmsConnection } from "../../shared/aws/kms-client.ts";
import { utf8 } from "../../shared/bytes.ts";
import { scopeAt } from "../../shared/scope.ts";
import { kmsSealer } from "../../shared/seal/kms-sealer.ts";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import type { KubeObject } from "../support/control-plane/kube-object.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { type FakeKms, kmsRefusal, startFakeKms } from "../support/fake-kms.ts";
import { base64 } from "../support/in-process-sealing.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { conditionOf, type Scene, type SceneStatus, sceneOf } from "../support/sealed-secret-scene.ts";
import { type SignetController, startSignetController } from "../support/signet-controller.ts";

requireNetbox();

const CLUSTER = "11111111-2222-3333-4444-555555555555";
const EACH = ["one", "two", "three"];
const WHILE_IT_LASTS_MS = 15_000;

type Fault = {
  begin(key: string): void;
  reason: string;
  condition: "Stalled" | "Reconciling";
  says: RegExp;
};

suite("faults of AWS KMS that moto does not play, in a cluster", { concurrency: true }, () => {
  let cluster: ControlPlane;
  let scene: Scene;
  let fake: FakeKms;
  let kms: KmsConnection;
  let controller: SignetController;
  const keys = new Map<string, string>();

  const faults: Readonly<Record<string, Fault>> = {
    disabled: {
      begin: (key) => fake.setState(key, "Disabled"),
      reason: "KeyServiceRefused",
      condition: "Stalled",
      says: /the key is disabled/,
    },
    "pending-deletion": {
      begin: (key) => fake.setState(key, "PendingDeletion"),
      reason: "KeyServiceRefused",
      condition: "Stalled",
      says: /pending deletion/,
    },
    "access-denied": {
      begin: (key) => fake.inject(kmsRefusal("AccessDeniedException"), { of: `Decrypt ${key}` }),
      reason: "KeyServiceRefused",
      condition: "Stalled",
      says: /kms:Decrypt/,
    },
    throttling: {
      begin: (key) => fake.inject(kmsRefusal("ThrottlingException"), { of: `Decrypt ${key}` }),
      reason: "KeyServiceUnavailable",
      condition: "Reconciling",
      says: /too many|too often|rate|thrott/i,
    },
    "time-out": {
      begin: (key) => fake.inject({ kind: "silence" }, { of: `Decrypt ${key}` }),
      reason: "KeyServiceUnavailable",
      condition: "Reconciling",
      says: /no answer within 10 s/,
    },
  };

  before(async () => {
    cluster = await startInstalledCluster();
    scene = sceneOf(cluster, { boundMs: 90_000 });
    fake = await startFakeKms();
    for (const name of Object.keys(faults)) keys.set(name, fake.createKey());
    await scene.namespaces(...keys.keys());
    Object.assign(process.env, fake.environment);
    kms = connectKms({ version: "test" });
    controller = await startSignetController({
      controlPlane: cluster,
      flags: [`--kms-allowed-keys=${[...keys.values()].join(",")}`, `--cluster-id=${CLUSTER}`],
      env: fake.environment,
    });
  });
  after(async () => {
    await controller?.stop();
    kms?.close();
    await fake?.close();
    await cluster?.stop();
  });

  /** A SealedSecret of that name in a namespace of the fault's name, whose value is the object's name. */
  async function sealed(namespace: string, name: string): Promise<KubeObject> {
    const binding = { clusterId: CLUSTER, scope: scopeAt("strict", { namespace, name }) };
    const key = keys.get(namespace) ?? assert.fail(namespace);
    const values = await kmsSealer(kms, key).sealAll(new Map([["a", utf8(name)]]), binding);
    const object = {
      apiVersion: "bitnami.com/v1alpha1",
      kind: "SealedSecret",
      metadata: { namespace, name },
      spec: { encryptedData: Object.fromEntries(values) },
    };
    return object as unknown as KubeObject;
  }

  const untilReason = (namespace: string, name: string, reason: string): Promise<SceneStatus> =>
    waitUntil({ what: `${namespace}/${name}: ${reason}`, boundMs: 60_000 }, async () => {
      const status = await scene.status(namespace, name);
      return status?.conditions.some((one) => one.type === "Ready" && one.reason === reason) ? status : null;
    });

  for (const [name, { begin, reason, condition, says }] of Object.entries(faults)) {
    test(`${name}: ${reason}; what stands is left alone, and all follow by themselves once it ends`, async (context) => {
      const key = keys.get(name) ?? assert.fail(name);
      const asked = () =>
        fake.calls.filter((call) => call.operation === "Decrypt" && call.keyId === key).length;
      await cluster.apply([await sealed(name, "stands")]);
      await scene.untilSynced(name, "stands", "True");
      const { metadata } = await scene.untilSecret(name, "stands");
      const before = asked();
      const objects = await Promise.all(EACH.map((one) => sealed(name, one)));
      const begunAt = performance.now();
      begin(key);
      await cluster.apply(objects);
      for (const one of EACH) {
        const told = conditionOf(await untilReason(name, one, reason), condition);
        assert.deepEqual([told.status, told.reason], ["True", reason]);
        assert.match(told.message ?? "", says);
        assert.doesNotMatch(told.message ?? "", /canary|arn:aws:iam/);
        assert.equal(await scene.secret(name, one), null);
      }
      await new Promise((resolve) => setTimeout(resolve, WHILE_IT_LASTS_MS));
      // Each that was under way at once, and one after 1, 2, 4, 8 s for all of them; the SDK asks a second time.
      const calls = asked() - before;
      const lasted = (performance.now() - begunAt) / 1000;
      const most = 2 * (EACH.length + 1 + Math.ceil(Math.log2(lasted + 1)));
      assert.ok(calls <= most, `${calls} calls in ${lasted} s`);
      context.diagnostic(`${calls} calls for ${EACH.length} objects in ${lasted} s`);
      assert.deepEqual((await scene.secret(name, "stands"))?.metadata, metadata);
      const kept = await scene.status(name, "stands");
      assert.equal(kept === null ? null : conditionOf(kept, "Ready").status, "True");
      fake.setState(key, "Enabled");
      fake.heal(`Decrypt ${key}`);
      for (const one of EACH) {
        await scene.untilSynced(name, one, "True");
        assert.deepEqual((await scene.untilSecret(name, one)).data, { a: base64(one) });
      }
    });
  }
});
