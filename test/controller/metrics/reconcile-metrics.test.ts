import assert from "node:assert/strict";
import { test } from "node:test";
import { createMetrics } from "../../../controller/metrics.ts";
import { metricsLines } from "./metrics-lines.ts";

const open = () => createMetrics({ version: "1.2.3", omitNames: false });

test("what records were worth is counted, from 0", async () => {
  const metrics = open();
  metrics.countRecord("match");
  metrics.countRecord("absent");
  metrics.countRecord("match");
  assert.deepEqual(await metricsLines(metrics, "signet_sync_records_total"), [
    'signet_sync_records_total{result="match"} 2',
    'signet_sync_records_total{result="mismatch"} 0',
    'signet_sync_records_total{result="absent"} 1',
  ]);
});

test("repairs are counted by cause alone, from 0", async () => {
  const metrics = open();
  metrics.countRepair("deleted");
  metrics.countRepair("deleted");
  assert.deepEqual(await metricsLines(metrics, "signet_secret_repairs_total"), [
    'signet_secret_repairs_total{cause="changed"} 0',
    'signet_secret_repairs_total{cause="deleted"} 2',
  ]);
});

test("events are counted by what became of them, from 0", async () => {
  const metrics = open();
  metrics.countEvent("written");
  metrics.countEvent("dropped");
  assert.deepEqual(await metricsLines(metrics, "signet_events_total"), [
    'signet_events_total{result="written"} 1',
    'signet_events_total{result="failed"} 0',
    'signet_events_total{result="dropped"} 1',
  ]);
});

test("the process tells of itself by the names that dashboards know", async () => {
  const text = await open().registry.metrics();
  for (const name of [
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_open_fds",
    "nodejs_eventloop_lag_seconds",
    "nodejs_heap_size_used_bytes",
  ]) {
    assert.match(text, new RegExp(`^${name} [0-9.e+-]+$`, "m"), name);
  }
});

test("namespaces that came and went leave a bounded number of series, and those with objects keep theirs", async () => {
  const metrics = open();
  const ready = { conditions: [{ type: "Synced", status: "True" }] };
  metrics.observeConditions({ namespace: "lasting", name: "a", labels: {} }, ready);
  metrics.countError("unseal", "lasting");
  metrics.countError("update", "early");
  metrics.observeConditions({ namespace: "early", name: "a", labels: {} }, ready);
  for (let number = 0; number < 1000; number++) {
    const namespace = `preview-${number}`;
    metrics.observeConditions({ namespace, name: "a", labels: {} }, ready);
    metrics.forget(`${namespace}/a`);
    // It was under work when it went.
    metrics.countError("update", namespace);
  }
  const lines = await metricsLines(metrics, "sealed_secrets_controller_unseal_errors_total");
  assert.equal(lines.filter((line) => line.includes("preview-")).length, 100);
  assert.ok(lines.some((line) => /reason="update",namespace="preview-999"} 1$/.test(line)));
  assert.ok(lines.some((line) => /reason="unseal",namespace="lasting"} 1$/.test(line)));
  assert.ok(lines.some((line) => /reason="update",namespace="early"} 1$/.test(line)));
});
