import assert from "node:assert/strict";
import { test } from "node:test";
import { version } from "../../../shared/version.ts";
import { serviceFault } from "../../support/memory-kms.ts";
import { pairSecret, sealingPair } from "../sealing-key.ts";
import { type KeyScene, keyScene } from "./key-scene.ts";
import { MemoryWrapping, WRAPPING_KEY } from "./memory-wrapping.ts";

/** A bound, far longer than the time between two looks. */
const TWO_LOOKS_MS = 20_000;
const current = await sealingPair(new Date(Date.now() - 86_400_000));
const annotations = (scene: KeyScene) => scene.configMap()?.metadata.annotations ?? {};
const wrap = (scene: KeyScene) => annotations(scene)["signet.dev/sealing-key-wrap"] ?? null;
const certificate = (scene: KeyScene) =>
  (scene.configMap()?.["data"] as Record<string, string> | undefined)?.["cert.pem"] ?? null;

function away(): MemoryWrapping {
  const wrapping = new MemoryWrapping();
  wrapping.before = () => {
    throw serviceFault("unavailable");
  };
  return wrapping;
}

test("the leader publishes its version, which keys may wrap sealing keys, and by what the newest is told and renewed", async (context) => {
  const wrapping = new MemoryWrapping();
  wrapping.named = { wrap: WRAPPING_KEY, unwrap: ["vault:transit/a", "vault:transit/b"] };
  const scene = await keyScene(context, [wrapping.secretOf(current, "current")]);
  const cutoffTimeMs = Date.UTC(2020, 0, 1);
  const options = { order: "SecretCreationTimestamp", cutoffTimeMs, renewPeriodMs: 3_600_000_000 } as const;
  const first = (await scene.start({ wrapping, ...options })).lead(scene.lease);
  await scene.until("the ConfigMap", () => scene.configMap());
  assert.deepEqual(annotations(scene), {
    "signet.dev/sealing-key-wrap": WRAPPING_KEY,
    "signet.dev/sealing-key-unwrap": "vault:transit/a,vault:transit/b",
    "signet.dev/key-order-priority": "SecretCreationTimestamp",
    "signet.dev/controller-version": version,
    "signet.dev/key-renew-period": "3600000s",
    "signet.dev/key-cutoff-time": "2020-01-01T00:00:00.000Z",
  });
  await first.end();

  const configMap = scene.configMap() ?? assert.fail();
  const metadata = { ...configMap.metadata, annotations: { ...annotations(scene), team: "ops" } };
  scene.cluster.store.put({ ...configMap, metadata });
  const bare = new MemoryWrapping({ wraps: false });
  (await scene.start({ wrapping: bare })).lead(scene.lease);
  // That key is one of the first wrapping's, so this leader has nothing to seal with.
  await scene.until("the change", () => wrap(scene) === null);
  assert.deepEqual(annotations(scene), {
    team: "ops",
    "signet.dev/key-order-priority": "CertNotBefore",
    "signet.dev/controller-version": version,
    "signet.dev/key-renew-period": "0s",
  });
});

test("while nothing seals, the names follow and the certificate stays", async (context) => {
  const scene = await keyScene(context, [pairSecret(current, "current")]);
  const first = (await scene.start()).lead(scene.lease);
  await scene.until("the certificate", () => certificate(scene) === current.certificatePem);
  assert.equal(wrap(scene), null);
  await first.end();
  const replica = await scene.start({ wrapping: away() });
  replica.lead(scene.lease);
  await scene.until("the name", () => wrap(scene) === WRAPPING_KEY);
  assert.equal(replica.manager.ring.primary, null);
  assert.equal(certificate(scene), current.certificatePem);
});

test("without a key that seals no ConfigMap is made", async (context) => {
  const scene = await keyScene(context, [pairSecret(current, "current")]);
  const replica = await scene.start({ wrapping: away() });
  replica.lead(scene.lease);
  await scene.until("a failure", () => replica.lines.some((line) => line.includes("Failed to generate")));
  const looked = () => scene.cluster.requests.filter(({ path }) => path.includes("configmaps/")).length;
  await scene.until("two looks", () => looked() >= 2, TWO_LOOKS_MS);
  assert.equal(scene.configMap(), null);
  assert.deepEqual(scene.writes(), []);
});
