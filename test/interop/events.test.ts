import assert from "node:assert/strict";
import { after, before, suite } from "node:test";
import { openEventRecorder, type Subject } from "../../controller/events.ts";
import { openLog } from "../../controller/log.ts";
import { createMetrics } from "../../controller/metrics.ts";
import type { KubeClient } from "../../shared/kube/client.ts";
import { loadKubeConfig } from "../../shared/kube/config.ts";
import { connectKube } from "../../shared/kube/http-client.ts";
import type { ControlPlane } from "../support/control-plane/control-plane.ts";
import { requireNetbox } from "../support/control-plane/host-network.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";
import { coverageTable } from "../support/coverage-table.ts";
import { startInstalledCluster } from "../support/installed-cluster.ts";
import { type Scene, sceneOf } from "../support/sealed-secret-scene.ts";

requireNetbox();

const table = coverageTable({
  flood: "one event each about 2,000 objects, all written in one go",
  repeats: "a repeat counts the event up",
  forgotten: "an event that is gone is written anew",
  deleted: "in a namespace that is being deleted, or is gone, nothing is said",
});

const UNSEALED = {
  type: "Normal",
  reason: "Unsealed",
  message: "SealedSecret unsealed successfully",
} as const;

suite("events, on the real API server, with the controller's own rights", () => {
  let cluster: ControlPlane;
  let scene: Scene;
  let client: KubeClient;

  before(async () => {
    cluster = await startInstalledCluster();
    scene = sceneOf(cluster);
    const serviceAccount = { namespace: "kube-system", name: "sealed-secrets-controller" };
    const kubeconfig = await cluster.kubeconfigFor({ serviceAccount });
    client = connectKube(await loadKubeConfig({ kubeconfig }), { version: "test" });
  });

  after(async () => {
    await client?.close();
    await cluster?.stop();
  });

  function recorder() {
    const lines: string[] = [];
    const push = (line: string) => lines.push(line);
    const log = openLog({ level: "WARN", format: "text", infoToStdout: true }, { out: push, err: push });
    const metrics = createMetrics({ version: "1", omitNames: false });
    const { countEvent } = metrics;
    const events = openEventRecorder(client, log, () => new Date(), { countEvent });
    const counted = async (result: string) => {
      const text = await metrics.registry.metrics();
      return Number(new RegExp(`signet_events_total\\{result="${result}"\\} (\\d+)`).exec(text)?.[1]);
    };
    return { events, lines, counted };
  }

  const subject = (namespace: string, name: string): Subject => ({
    apiVersion: "bitnami.com/v1alpha1",
    kind: "SealedSecret",
    metadata: { namespace, name, uid: `uid-of-${namespace}-${name}`, resourceVersion: "1" },
  });

  table.proves("flood", "2,000 objects have their event, without a rest between them", async () => {
    await scene.namespaces("flood");
    const { events, lines, counted } = recorder();
    for (let number = 0; number < 2000; number++) events.record(subject("flood", `s${number}`), UNSEALED);
    await events.flush(240_000);
    assert.deepEqual(lines, []);
    assert.equal(await counted("written"), 2000);
    const { body } = await cluster.request("GET", "/api/v1/namespaces/flood/events?limit=2001");
    assert.equal((body as { items: unknown[] }).items.length, 2000);
  });

  table.proves(["repeats", "forgotten"], "repeats are counted, also after the event is gone", async () => {
    const { events, lines } = recorder();
    for (let times = 0; times < 3; times++) events.record(subject("default", "again"), UNSEALED);
    await events.flush(120_000);
    const [first, ...others] = await scene.events("default", "again");
    assert.deepEqual(others, []);
    assert.deepEqual([first?.count, first?.component], [3, "sealed-secrets"]);
    await scene.remove("/api/v1/namespaces/default/events");
    events.record(subject("default", "again"), UNSEALED);
    await events.flush(120_000);
    assert.deepEqual(
      (await scene.events("default", "again")).map(({ count }) => count),
      [1],
    );
    assert.deepEqual(lines, []);
  });

  table.proves("deleted", "the end of a namespace is quiet", async () => {
    // Nobody empties it here: it stays as it is being deleted.
    await scene.namespaces("ending");
    await scene.remove("/api/v1/namespaces/ending");
    await waitUntil({ what: "new objects to be refused there" }, async () => {
      const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "probe" } };
      const path = "/api/v1/namespaces/ending/configmaps?dryRun=All";
      return (await cluster.request("POST", path, configMap)).status === 403 ? true : null;
    });
    const { events, lines, counted } = recorder();
    events.record(subject("ending", "a"), UNSEALED);
    events.record(subject("never-there", "a"), UNSEALED);
    await events.flush(120_000);
    assert.equal(await counted("failed"), 2);
    assert.deepEqual(lines, []);
  });
});

table.everyRowHasATest();
