import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { readCertificate } from "../../../shared/seal/certificate.node.ts";
import { pairSecret, sealingPair } from "../sealing-key.ts";
import { keyScene } from "./key-scene.ts";

const DAY = 86_400_000;

test("with renewal off a key that is there is used, however old, and none is made", async (context) => {
  const old = await sealingPair(new Date(Date.now() - DAY + 3_600_000));
  const scene = await keyScene(context, [pairSecret(old, "old")]);
  const replica = await scene.start({ renewPeriodMs: 0 });
  replica.lead(scene.lease);
  await scene.untilReady(replica);
  await scene.until("its certificate to be published", () => scene.configMap() !== null);
  // Many times what a renewal would take.
  await sleep(500);
  assert.equal(replica.manager.ring.primary?.certificate.fingerprint, old.fingerprint);
  assert.deepEqual(
    scene.keySecrets().map(({ metadata }) => metadata.name),
    ["old"],
  );
});

test("a key that is nearly due is succeeded once it is, and not before", async (context) => {
  const old = await sealingPair(new Date(Date.now() - 3_600_000));
  const scene = await keyScene(context, [pairSecret(old, "old")]);
  const begin = readCertificate(old.certificatePem).notBefore.getTime();
  const dueAt = Date.now() + 1500;
  const replica = await scene.start({ renewPeriodMs: dueAt - begin });
  replica.lead(scene.lease);
  await scene.untilReady(replica);
  while (Date.now() < dueAt - 200) {
    assert.equal(scene.keySecrets().length, 1);
    await sleep(20);
  }
  await scene.until("the next key", () => replica.manager.ring.openingKeys().length === 2);
  assert.equal(scene.keySecrets().length, 2);
  const madeAt = replica.manager.ring.newestTime?.getTime() ?? assert.fail();
  // Certificates tell whole seconds.
  assert.ok(madeAt > dueAt - 1000, `${madeAt - dueAt} ms after it was due`);
});
