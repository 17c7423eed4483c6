import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { base64 } from "../../support/in-process-sealing.ts";
import { sealedPath, secretPath } from "../../support/sealed-secret-scene.ts";
import { assertOwner, deleteSecret, marks, type Scenarios } from "./stage.ts";

/** What goes, and what somebody else changes. */
export const deletedAndDrifted: Scenarios = (table, stage) => {
  table.proves(["9", "secret-deleted"], "a Secret that is deleted by hand comes back", async () => {
    const { scene, home, apply } = stage();
    const stored = await apply({ name: "deleted", items: { foo: "bar" } });
    await scene.untilSynced(home, "deleted", "True");
    await scene.untilEvent(home, "deleted", "Unsealed");
    const { metadata } = await scene.untilSecret(home, "deleted");
    await deleteSecret(stage(), "deleted");
    const next = await scene.untilSecret(home, "deleted", (found) => found.metadata.uid !== metadata.uid);
    assert.deepEqual(next.data, { foo: base64("bar") });
    assertOwner(next, stored);
    await scene.untilEvent(home, "deleted", "Repaired", /deleted by somebody else/);
  });

  table.proves("10", "a managed Secret that goes as its SealedSecret comes is made anew", async () => {
    const { scene, home, apply, existing } = stage();
    // Whichever comes first, the adoption or the deletion.
    for (const pauseMs of [0, 5, 15, 50]) {
      const name = `hurried-${pauseMs}`;
      const before = await existing(name, { annotations: marks.managed });
      const stored = await apply({ name, items: { foo: "bar" } });
      await sleep(pauseMs);
      await deleteSecret(stage(), name);
      const isNext = ({ metadata }: { metadata: { uid?: string } }) => metadata.uid !== before.metadata.uid;
      const secret = await scene.untilSecret(home, name, isNext);
      assert.deepEqual(secret.data, { foo: base64("bar") });
      assert.equal(secret.metadata.annotations, undefined);
      assertOwner(secret, stored);
      await scene.untilSynced(home, name, "True");
    }
  });

  table.proves("collected", "an owned Secret goes with its SealedSecret", async () => {
    const { scene, home, apply } = stage();
    await apply({ name: "collected", items: { foo: "bar" } });
    await scene.untilSecret(home, "collected");
    await scene.remove(sealedPath(home, "collected"));
    await scene.untilNoSecret(home, "collected");
  });

  table.proves("drifted", "what others change in a Secret is put right", async () => {
    const { scene, home, apply, cluster } = stage();
    await apply({ name: "drifted", items: { foo: "bar" }, template: { metadata: { labels: { app: "a" } } } });
    await scene.untilSynced(home, "drifted", "True");
    const { metadata, data } = await scene.untilSecret(home, "drifted");
    const theirs = { data: { foo: base64("theirs") }, metadata: { labels: { app: "theirs" } } };
    const contentType = "application/merge-patch+json";
    const edited = await cluster.request("PATCH", secretPath(home, "drifted"), theirs, { contentType });
    assert.equal(edited.status, 200);
    const right = await scene.untilSecret(
      home,
      "drifted",
      (found) => found.data?.["foo"] === base64("bar") && found.metadata.labels?.["app"] === "a",
    );
    assert.deepEqual(right.data, data);
    assert.equal(right.metadata.uid, metadata.uid);
    await scene.untilEvent(home, "drifted", "Repaired", /changed by somebody else/);
  });
};
