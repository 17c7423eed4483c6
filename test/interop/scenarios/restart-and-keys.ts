import assert from "node:assert/strict";
import { waitUntil } from "../../support/control-plane/wait-until.ts";
import { base64, testSealer } from "../../support/in-process-sealing.ts";
import { keySecrets } from "../../support/sealing-key-secrets.ts";
import { controllerNamespace } from "../../support/signet-controller.ts";
import type { Scenarios } from "./stage.ts";

/** What the controller does of itself: start, and make keys. */
export const restartAndKeys: Scenarios = (table, stage) => {
  table.proves("restarted", "a restart with nothing to do is silent", async () => {
    const { scene, home, apply, cluster, restart } = stage();
    // Without a type: the API server sets one, which is no difference.
    await apply({ name: "restarted", items: { foo: "bar" } });
    await scene.untilSynced(home, "restarted", "True");
    await scene.untilEvent(home, "restarted", "Unsealed");
    const secret = await scene.secret(home, "restarted");
    const sealed = await scene.sealedSecret(home, "restarted");
    const restartedAt = new Date().toISOString();
    await restart();
    await apply({ name: "after-restart", items: { foo: "bar" } });
    await scene.untilSynced(home, "after-restart", "True");
    await scene.untilEvent(home, "after-restart", "Unsealed");
    const written = async (name: string) =>
      (await cluster.auditEvents())
        .filter(({ receivedAt }) => receivedAt > restartedAt)
        .filter((event) => event.name === name && ["create", "update", "patch"].includes(event.verb));
    // That the log would show a write is seen by another object's.
    await waitUntil({ what: "the status write in the audit log" }, async () =>
      (await written("after-restart")).some(({ subresource }) => subresource === "status") ? true : null,
    );
    assert.deepEqual(await written("restarted"), []);
    const metrics = await (await fetch(`${stage().controller.metricsUrl}/metrics`)).text();
    assert.match(metrics, /^signet_sync_records_total\{result="match"\} [1-9]/m);
    assert.deepEqual(await scene.secret(home, "restarted"), secret);
    assert.deepEqual(await scene.sealedSecret(home, "restarted"), sealed);
    const events = await scene.events(home, "restarted");
    assert.deepEqual(
      events.map(({ reason, count }) => [reason, count]),
      [["Unsealed", 1]],
    );
  });

  table.proves("key-renewed", "a new key is made and published; the first one still opens", async () => {
    const { scene, home, apply, cluster, controller } = stage();
    const served = async () => (await fetch(`${controller.url}/v1/cert.pem`)).text();
    const [keysBefore, before] = [(await keySecrets(cluster)).length, await served()];
    controller.process.signal("SIGUSR1");
    const renewed = await waitUntil({ what: "a new certificate, served and published" }, async () => {
      const path = `/api/v1/namespaces/${controllerNamespace}/configmaps/sealed-secrets-certificate`;
      const { body } = await cluster.request("GET", path);
      const published = (body as { data?: Record<string, string> }).data?.["cert.pem"];
      const now = await served();
      return now !== before && now === published ? now : null;
    });
    assert.equal((await keySecrets(cluster)).length, keysBefore + 1);
    const newer = await testSealer(renewed);
    await cluster.apply([await newer.object({ namespace: home, name: "newer-key", items: { foo: "new" } })]);
    await apply({ name: "older-key", items: { foo: "old" } });
    assert.deepEqual((await scene.untilSecret(home, "newer-key")).data, { foo: base64("new") });
    assert.deepEqual((await scene.untilSecret(home, "older-key")).data, { foo: base64("old") });
  });
};
