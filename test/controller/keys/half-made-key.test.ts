import assert from "node:assert/strict";
import { test } from "node:test";
import type { SecretObject } from "../../../controller/reconcile/secret-object.ts";
import { utf8 } from "../../../shared/bytes.ts";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import { writeWrapped } from "../../../shared/seal/kms-value.ts";
import { KEY_LABEL } from "../../../shared/sealing-key-secret.ts";
import { type ChainKey, chainKey, DAY_MS } from "../../support/certificate-chains.ts";
import { pairSecret } from "../sealing-key.ts";
import { type KeyScene, keyScene, promoted } from "./key-scene.ts";
import { MemoryWrapping } from "./memory-wrapping.ts";
import type { Replica } from "./replica.ts";

const WAITS = { "signet.dev/awaits-promotion": "true" };
const ARN = "arn:aws:kms:eu-central-1:123456789012:key/99999999-9999-4999-8999-999999999999";
const begin = (days: number) => new Date(Math.floor(Date.now() / 1000) * 1000 - days * DAY_MS);
const old = await chainKey(begin(40));
const made = await chainKey(begin(3));
const other = await chainKey(begin(2));

const secretOf = ({ privateKey, certificate }: ChainKey, name: string, annotations = {}): SecretObject =>
  pairSecret(
    {
      privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      certificatePem: certificate.pem,
    },
    name,
    { annotations, creationTimestamp: begin(1).toISOString() },
  );
const seals = ({ manager }: Replica) => manager.ring.primary?.secretName ?? null;
const marks = (scene: KeyScene, name: string) =>
  Object.keys(scene.cluster.store.get("secrets", "kube-system", name)?.metadata.annotations ?? {});
const reasons = ({ told }: Replica) => told.map(({ reason, name }) => `${reason} ${name}`);
const madeHere = (scene: KeyScene) =>
  scene.keySecrets().filter(({ metadata }) => metadata.name?.startsWith("sealed-secrets-key"));
const untilKnown = (scene: KeyScene, { certificate }: ChainKey) =>
  scene.until(
    "the record",
    () => scene.lease.annotations["signet.dev/sealing-key"] === certificate.fingerprint,
  );
/** What somebody without a private key can write: a certificate, and a text that unwraps under no key. */
function nonsense(key: ChainKey, name: string): SecretObject {
  const secret = secretOf(key, name, WAITS);
  const text = `kms-key:1:${writeWrapped({ wrapped: { key: ARN, blob: utf8("x") }, sealed: new Uint8Array(32) })}`;
  const metadata = { ...secret.metadata, uid: "another", labels: { [KEY_LABEL]: "wrapped" } };
  return { ...secret, metadata, data: { ...secret.data, "tls.key": Buffer.from(text).toString("base64") } };
}
function denying(): MemoryWrapping {
  const wrapping = new MemoryWrapping({ wraps: false });
  wrapping.before = () => {
    throw new KeyServiceError("not-allowed", "no option names the key", "none");
  };
  return wrapping;
}

test("what an earlier leader announced and left without its promotion is told, not promoted, and holds up no renewal", async (context) => {
  const scene = await keyScene(context, [
    secretOf(old, "old", promoted(39 * 86_400)),
    secretOf(made, "half-made", WAITS),
  ]);
  scene.lease.annotations = {
    "signet.dev/sealing-key": old.certificate.fingerprint,
    "signet.dev/renewal": made.certificate.fingerprint,
  };
  const replica = await scene.start({ renewPeriodMs: 30 * DAY_MS });
  replica.lead(scene.lease);
  await scene.until("the renewal", () => seals(replica)?.startsWith("sealed-secrets-key"));
  assert.deepEqual(marks(scene, "half-made"), Object.keys(WAITS));
  const event = replica.told.find(({ name }) => name === "half-made");
  assert.equal(event?.reason, "SealingKeyAwaitsPromotion");
  assert.match(event?.message ?? "", /Find out who made it/);
  assert.equal(madeHere(scene).length, 1);
  assert.ok(replica.manager.ring.holds(made.certificate.fingerprint), "it opens");
});

test("a key of somebody who is about to promote it is told once a minute has passed", async (context) => {
  const scene = await keyScene(context, [secretOf(old, "old", promoted(100))]);
  const replica = await scene.start();
  replica.lead(scene.lease);
  await untilKnown(scene, old);
  const fresh = secretOf(made, "fresh", WAITS);
  const creationTimestamp = new Date().toISOString();
  scene.put({ ...fresh, metadata: { ...fresh.metadata, creationTimestamp } });
  await scene.until("the line", () => replica.lines.some((line) => /seals once it is promoted/.test(line)));
  assert.deepEqual(replica.told, []);
  scene.moveOn(60_000);
  // Looked at once a minute, which passes in three seconds.
  const isTold = () => reasons(replica).includes("SealingKeyAwaitsPromotion fresh");
  await scene.until("the event", isTold, 30_000);
});

test("the certificate of the last renewal, put there once more with the mark, is nothing that a leader made", async (context) => {
  const scene = await keyScene(context, [secretOf(old, "old", promoted(100))]);
  const { fingerprint } = old.certificate;
  scene.lease.annotations = { "signet.dev/sealing-key": fingerprint, "signet.dev/renewal": fingerprint };
  const options = { wrapping: denying(), renewPeriodMs: 365 * DAY_MS };
  const first = await scene.start(options);
  const leading = first.lead(scene.lease);
  await scene.until("it to be no attempt", () => scene.lease.annotations["signet.dev/renewal"] === "");
  scene.put(nonsense(old, "anything"));
  await scene.until("it in the ring", () => first.manager.ring.waiting.has("anything"));
  await leading.end();
  const second = await scene.start(options);
  second.lead(scene.lease);
  await scene.until("it told", () => reasons(second).includes("SealingKeyAwaitsPromotion anything"));
  assert.deepEqual(marks(scene, "anything"), Object.keys(WAITS));
  assert.equal(second.manager.ring.foremost?.secretName, "old");
  assert.notEqual(await second.manager.sealer(), null);
  assert.equal(second.manager.ring.isHeldUp, false);
});

test("a stolen key of the last renewal, put there once more, seals to nobody where one is promoted, and is an alarm elsewhere", async (context) => {
  for (const isPromoted of [true, false]) {
    const marksOf = (secondsAgo: number) => (isPromoted ? promoted(secondsAgo) : {});
    const scene = await keyScene(context, [secretOf(made, "stolen", marksOf(1000))]);
    scene.lease.annotations = {
      "signet.dev/sealing-key": old.certificate.fingerprint,
      "signet.dev/renewal": made.certificate.fingerprint,
    };
    const first = await scene.start();
    const leading = first.lead(scene.lease);
    await untilKnown(scene, made);
    // An admin has another one seal, and takes the stolen one out.
    scene.put(secretOf(other, "other", marksOf(100)));
    await untilKnown(scene, other);
    scene.relabel("stolen", { [KEY_LABEL]: "retired" });
    await leading.end();
    const redated = await chainKey(begin(1), 365 * DAY_MS, made);
    scene.put(secretOf(redated, "anything", isPromoted ? WAITS : {}));
    const second = await scene.start();
    second.lead(scene.lease);
    if (isPromoted) {
      await scene.until("it told", () => reasons(second).includes("SealingKeyAwaitsPromotion anything"));
      assert.equal(seals(second), "other");
    } else await scene.until("the alarm", () => reasons(second).includes("SealingKeyChanged anything"));
  }
});

test("a new key whose promotion failed is promoted by the leader who made it", async (context) => {
  for (const afterServing of [false, true]) {
    const scene = await keyScene(context, [secretOf(old, "old", promoted(39 * 86_400))]);
    const lost = scene.cluster.faults.add({
      method: "PUT",
      path: /\/secrets\/sealed-secrets-key/,
      status: 500,
      times: 2,
      afterServing,
    });
    const replica = await scene.start({ renewPeriodMs: 30 * DAY_MS });
    replica.lead(scene.lease);
    await scene.until("it to seal", () => seals(replica)?.startsWith("sealed-secrets-key"));
    assert.ok(lost.struck >= 1);
    assert.deepEqual(
      madeHere(scene).map(({ metadata }) => Object.keys(metadata.annotations ?? {})),
      [["signet.dev/primary"]],
    );
  }
});

test("what somebody promotes while the leader's new key waits for its own goes on sealing", async (context) => {
  const scene = await keyScene(context, [
    secretOf(old, "old", promoted(39 * 86_400)),
    secretOf(other, "other"),
  ]);
  const broken = scene.cluster.faults.add({
    method: "PUT",
    path: /\/secrets\/sealed-secrets-key/,
    status: 500,
  });
  const replica = await scene.start({ renewPeriodMs: 30 * DAY_MS });
  replica.lead(scene.lease);
  await scene.until("the promotion to fail", () => broken.struck > 0);
  scene.annotate("other", promoted(1));
  await untilKnown(scene, other);
  broken.remove();
  const failed = broken.struck;
  scene.moveOn(60_000);
  const isTold = () => reasons(replica).some((one) => /AwaitsPromotion sealed/.test(one));
  await scene.until("the event", isTold, 30_000);
  assert.ok(failed > 0);
  assert.equal(seals(replica), "other");
  assert.equal(madeHere(scene).length, 1, "none is made in its stead");
});
