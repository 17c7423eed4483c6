import assert from "node:assert/strict";
import { test } from "node:test";
import { readCertificate } from "../../../shared/seal/certificate.node.ts";
import { followChain, readLinks } from "../../../shared/seal/certificate-chain.node.ts";
import { KEY_LABEL } from "../../../shared/sealing-key-secret.ts";
import { type ChainKey, chainKey, DAY_MS, stepsOf } from "../../support/certificate-chains.ts";
import { pairSecret } from "../sealing-key.ts";
import { type KeyScene, keyScene, promoted } from "./key-scene.ts";

const HOUR_MS = 3_600_000;
const begin = (hours: number) => new Date(Math.floor(Date.now() / 1000) * 1000 - hours * HOUR_MS);
const old = await chainKey(begin(60));
const second = await chainKey(begin(40));
const third = await chainKey(begin(20));
const ended = await chainKey(begin(80), 70 * HOUR_MS);

const secretOf = ({ privateKey, certificate }: ChainKey, name: string, annotations = {}) =>
  pairSecret(
    {
      privateKeyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
      certificatePem: certificate.pem,
    },
    name,
    { annotations },
  );
const data = (scene: KeyScene) => (scene.configMap()?.["data"] ?? {}) as Record<string, string>;
const chain = (scene: KeyScene) => data(scene)["chain.pem"] ?? "";
const published = (scene: KeyScene) => readCertificate(data(scene)["cert.pem"] ?? "");
const shows = (scene: KeyScene, key: ChainKey) => () =>
  data(scene)["cert.pem"] === key.certificate.pem || undefined;
const recorded = (scene: KeyScene, key: ChainKey) => () =>
  scene.lease.annotations["signet.dev/sealing-key"] === key.certificate.fingerprint || undefined;

function follows(scene: KeyScene, from: ChainKey, compromised: string[] = []) {
  return followChain(from.certificate, published(scene), { chainPem: chain(scene), compromised }, new Date());
}

test("renewal has the key before vouch for the new one, and so on", async (context) => {
  const scene = await keyScene(context, [secretOf(old, "old")]);
  const replica = await scene.start({ request: { keyBits: 2048, commonName: "", ttlMs: DAY_MS } });
  const leading = replica.lead(scene.lease);
  await scene.until("the record", recorded(scene, old));
  assert.equal(chain(scene), "");
  await replica.manager.generate();
  await scene.until("a link", () => readLinks(chain(scene)).length === 1 || undefined);
  assert.ok(follows(scene, old).ok);
  // The one that is at hand no more has vouched already.
  scene.remove("old");
  await scene.until("the key to go", () => replica.manager.ring.loaded(old.certificate.fingerprint) === null);
  await replica.manager.generate();
  await scene.until("a second link", () => readLinks(chain(scene)).length === 2 || undefined);
  const verdict = follows(scene, old);
  assert.ok(verdict.ok);
  assert.equal(verdict.steps.length, 2);
  await leading.end();
});

test("a leader who ends before the record is written has the next one sign", async (context) => {
  const scene = await keyScene(context, [secretOf(old, "old")]);
  const first = (await scene.start()).lead(scene.lease);
  await scene.until("the record", recorded(scene, old));
  await first.end();
  scene.put(secretOf(second, "second"));
  scene.lease.annotations = {
    ...scene.lease.annotations,
    "signet.dev/renewal": second.certificate.fingerprint,
  };
  (await scene.start()).lead(scene.lease);
  await scene.until("the record of the second", recorded(scene, second));
  assert.ok(follows(scene, old).ok);
  assert.equal(readLinks(chain(scene)).length, 1);
});

test("promotion of a newer key is vouched for; of an older one there is no chain", async (context) => {
  const scene = await keyScene(context, [secretOf(second, "second", promoted(30))]);
  (await scene.start()).lead(scene.lease);
  await scene.until("the record", recorded(scene, second));
  scene.put(secretOf(third, "third", promoted(20)));
  await scene.until("the third", recorded(scene, third));
  const verdict = follows(scene, second);
  assert.deepEqual(verdict.ok && verdict.steps.map(({ from, to }) => [from, to]), stepsOf(second, third));
  scene.put(secretOf(old, "old", promoted(10)));
  await scene.until("the old one", recorded(scene, old));
  assert.equal(readLinks(chain(scene)).length, 1);
});

test("nobody vouches for a key that somebody put there, nor across it", async (context) => {
  const scene = await keyScene(context, [secretOf(old, "old")]);
  (await scene.start()).lead(scene.lease);
  await scene.until("the record", recorded(scene, old));
  scene.put(secretOf(second, "planted"));
  await scene.until("the planted one", shows(scene, second));
  await scene.until("its record", recorded(scene, second));
  assert.equal(chain(scene), "");
  scene.put(secretOf(third, "third", promoted(10)));
  await scene.until("the third", recorded(scene, third));
  assert.ok(!follows(scene, old).ok);
});

test("nobody vouches for a key that its own Secret promoted when it was created", async (context) => {
  for (const inForce of [promoted(50), {}]) {
    const scene = await keyScene(context, [secretOf(old, "old", inForce)]);
    const replica = await scene.start({ requireBackup: true });
    replica.lead(scene.lease);
    await scene.until("the record", recorded(scene, old));
    const planted = secretOf(second, "planted", promoted(5));
    scene.put({ ...planted, metadata: { ...planted.metadata, uid: "another" } });
    await scene.until("the event", () => replica.told.some(({ reason }) => reason === "PromotionIgnored"));
    if ("signet.dev/primary" in inForce) assert.ok(shows(scene, old)());
    else {
      // As with the reference: the newest one seals. It is told, and nobody who pinned follows.
      await scene.until("its record", recorded(scene, second));
      assert.ok(scene.configMap()?.metadata.annotations?.["signet.dev/sealing-key-changed"]);
    }
    assert.equal(chain(scene), "");
  }
});

test("an expired key vouches for nothing", async (context) => {
  const scene = await keyScene(context, [secretOf(ended, "ended", promoted(30))]);
  (await scene.start()).lead(scene.lease);
  await scene.until("the record", recorded(scene, ended));
  scene.put(secretOf(second, "second", promoted(20)));
  await scene.until("the second", recorded(scene, second));
  assert.equal(chain(scene), "");
});

test("a key that is compromised breaks the chain on both its sides, and is named", async (context) => {
  const scene = await keyScene(context, [secretOf(old, "old", promoted(50))]);
  (await scene.start()).lead(scene.lease);
  await scene.until("the record", recorded(scene, old));
  scene.put(secretOf(second, "second", promoted(40)));
  await scene.until("the second", recorded(scene, second));
  scene.put(secretOf(third, "third", promoted(30)));
  await scene.until("the third", recorded(scene, third));
  assert.equal(readLinks(chain(scene)).length, 2);
  scene.relabel("second", { [KEY_LABEL]: "compromised" });
  const named = () => scene.configMap()?.metadata.annotations?.["signet.dev/compromised-keys"] ?? null;
  await scene.until("its name", () => named() === second.certificate.fingerprint || undefined);
  assert.equal(chain(scene), "");
  scene.relabel("second", { [KEY_LABEL]: "active" });
  await scene.until("its name to go", () => named() === null || undefined);
});

test("what others write into the chain is not kept, and what stands there is", async (context) => {
  const scene = await keyScene(context, [secretOf(old, "old", promoted(50))]);
  (await scene.start()).lead(scene.lease);
  await scene.until("the record", recorded(scene, old));
  scene.put(secretOf(second, "second", promoted(40)));
  await scene.until("a link", () => readLinks(chain(scene)).length === 1 || undefined);
  const good = chain(scene);
  const configMap = scene.configMap() ?? assert.fail();
  scene.cluster.store.put({ ...configMap, data: { ...data(scene), "chain.pem": `junk\n${good}` } });
  // Any change has it looked at.
  scene.annotate("old", promoted(50));
  await scene.until("the junk to go", () => chain(scene) === good || undefined);
});
