import assert from "node:assert/strict";
import { test } from "node:test";
import { pairSecret, sealingPair } from "../sealing-key.ts";
import { keyScene, promoted, seals, untilKnown } from "./key-scene.ts";
import { lagging } from "./lagging-client.ts";

const DAY = 86_400_000;
const [old, current] = await Promise.all([
  sealingPair(new Date(Date.now() - 2 * DAY)),
  sealingPair(new Date(Date.now() - DAY)),
]);

const faults = [
  ["a promotion whose answer was lost", { status: 500, afterServing: true }],
  ["the promotion of a key that somebody wrote to before it", { status: 503 }],
] as const;

for (const [what, fault] of faults)
  test(`${what} is not taken back by a watch that lags behind`, async (context) => {
    const scene = await keyScene(context, [pairSecret(old, "old")]);
    const gate = { open: Promise.resolve() };
    const replica = await scene.start({}, (client) => lagging(client, gate));
    scene.annotate("old", promoted(60));
    replica.lead(scene.lease);
    await untilKnown(scene, old);
    scene.cluster.faults.add({ method: "PUT", path: /\/secrets\/sealed-secrets-key/, times: 1, ...fault });
    const { promise, resolve } = Promise.withResolvers<void>();
    gate.open = promise;
    await assert.rejects(replica.manager.generate());
    if (fault.status === 503) {
      const { metadata } = scene.keySecrets().find((one) => one.metadata.name !== "old") ?? assert.fail();
      scene.annotate(metadata.name ?? "", { ...metadata.annotations, "policy.example.com/seen": "yes" });
    }
    await replica.manager.generate();
    const made = seals(replica);
    assert.notEqual(made, old.fingerprint);
    scene.put(pairSecret(current, "current"));
    resolve();
    await scene.until("what the watch shows", () => replica.manager.ring.holds(current.fingerprint));
    assert.equal(seals(replica), made);
    assert.equal(scene.keySecrets().length, 3, "none is made beside it");
    assert.deepEqual(
      replica.told.filter(({ type }) => type === "Warning"),
      [],
    );
  });
