import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { issueKey } from "../../../shared/seal/issue-certificate.node.ts";
import { controllerProgram } from "../../support/built-programs.ts";
import { base64, type TestSealer, testSealer } from "../../support/in-process-sealing.ts";
import { conditionOf } from "../../support/sealed-secret-scene.ts";
import { assertOwner, type Scenarios } from "./stage.ts";

/** A SealedSecret that comes, and that changes. */
export const newAndChanged: Scenarios = (table, stage) => {
  table.proves(["1", "fresh"], "a new SealedSecret yields its Secret", async () => {
    const { scene, home, apply } = stage();
    const template = { metadata: { labels: { app: "shop" } } };
    const stored = await apply({ name: "fresh", items: { foo: "bar" }, template });
    const secret = await scene.untilSecret(home, "fresh");
    assert.deepEqual(secret.data, { foo: base64("bar") });
    assert.deepEqual(secret.metadata.labels, { app: "shop" });
    assertOwner(secret, stored);
    const { observedGeneration, conditions } = await scene.untilSynced(home, "fresh", "True");
    assert.equal(observedGeneration, 1);
    assert.equal(conditions[0]?.type, "Synced");
    assert.ok(conditions[0].lastUpdateTime !== undefined);
    assert.equal(conditions[0].lastUpdateTime, conditions[0].lastTransitionTime);
    const event = await scene.untilEvent(home, "fresh", "Unsealed");
    assert.deepEqual([event.type, event.count], ["Normal", 1]);
  });

  table.proves("2", "a changed value updates the Secret and its status", async () => {
    const { scene, home, apply } = stage();
    await apply({ name: "changed", items: { foo: "old" } });
    await scene.untilSynced(home, "changed", "True");
    // Times in a status are whole seconds.
    await sleep(1100);
    await apply({ name: "changed", items: { foo: "new" } });
    await scene.untilSecret(home, "changed", ({ data }) => data?.["foo"] === base64("new"));
    const status = await scene.untilSynced(home, "changed", "True");
    assert.equal(status.observedGeneration, 2);
    const { lastUpdateTime, lastTransitionTime } = conditionOf(status, "Synced");
    assert.ok(lastUpdateTime !== undefined && lastTransitionTime !== undefined);
    assert.ok(lastTransitionTime < lastUpdateTime, `${lastTransitionTime} < ${lastUpdateTime}`);
  });

  table.proves(["3", "4", "item-removed"], "items move, come and go", async () => {
    const { scene, home, apply, change, sealer } = stage();
    const first = await apply({ name: "items", items: { foo: "bar", gone: "x" } });
    await scene.untilSynced(home, "items", "True");
    const { encryptedData } = first["spec"] as { encryptedData: Record<string, string> };
    const scope = { kind: "strict", namespace: home, name: "items" } as const;
    const items = { renamed: encryptedData["foo"] ?? "", added: await sealer.value("apart", scope) };
    await change(first, { spec: { encryptedData: items } });
    const secret = await scene.untilSecret(home, "items", ({ data }) => data?.["added"] !== undefined);
    assert.deepEqual(secret.data, { renamed: base64("bar"), added: base64("apart") });
    await scene.untilSynced(home, "items", "True");
  });

  table.proves(
    ["13", "14"],
    "sealed with an unrelated key: no Secret, and an event that says so",
    async () => {
      const { scene, home, cluster } = stage();
      const stranger = await unrelatedSealer();
      const object = { namespace: home, name: "unknown-key", items: { foo: "bar" } };
      await cluster.apply([await stranger.object(object)]);
      const status = await scene.untilSynced(home, "unknown-key", "False");
      assert.match(
        conditionOf(status, "Synced").message ?? "",
        /^no key could decrypt secret \(foo\): sealed with a key this cluster does not have, or damaged;/,
      );
      await scene.untilEvent(home, "unknown-key", "ErrUnsealFailed", /no key could decrypt secret/);
      assert.equal(await scene.secret(home, "unknown-key"), null);
    },
  );

  table.proves("25", "--version prints what scripts look for", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [controllerProgram, "--version"]);
    assert.match(stdout, /^controller version: (?:v\d+\.\d+\.\d+|[0-9a-f]{40})(?:\+dirty)?\n$/);
  });
};

/** Seals with a key that this cluster has never seen. */
async function unrelatedSealer(): Promise<TestSealer> {
  const request = { keyBits: 2048, commonName: "", ttlMs: 86_400_000 };
  const { certificatePem } = await issueKey(request, new Date());
  return testSealer(certificatePem);
}
