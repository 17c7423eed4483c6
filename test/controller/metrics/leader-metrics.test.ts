import assert from "node:assert/strict";
import { test } from "node:test";
import { createMetrics } from "../../../controller/metrics.ts";
import { metricsLines } from "./metrics-lines.ts";

const open = () => createMetrics({ version: "1.2.3", omitNames: false });
const figures = { ready: 1, working: 2, delayed: 3, failing: 4, adds: 50 };

test("who leads is told, and standbys tell 0", async () => {
  const metrics = open();
  assert.deepEqual(await metricsLines(metrics, "signet_leader"), ["signet_leader 0"]);
  metrics.setLeading(true);
  assert.deepEqual(await metricsLines(metrics, "signet_leader"), ["signet_leader 1"]);
  metrics.setLeading(false);
  assert.deepEqual(await metricsLines(metrics, "signet_leader"), ["signet_leader 0"]);
});

test("the queue is told as it stands when asked", async () => {
  const metrics = open();
  let stats: typeof figures | null = figures;
  metrics.watchQueue(() => stats);
  assert.deepEqual(await metricsLines(metrics, "signet_workqueue"), [
    'signet_workqueue{state="ready"} 1',
    'signet_workqueue{state="working"} 2',
    'signet_workqueue{state="delayed"} 3',
    'signet_workqueue{state="failing"} 4',
    "signet_workqueue_adds_total 50",
  ]);
  stats = { ...figures, ready: 0, adds: 51 };
  assert.deepEqual((await metricsLines(metrics, "signet_workqueue"))[0], 'signet_workqueue{state="ready"} 0');
  stats = null;
  assert.deepEqual(await metricsLines(metrics, "signet_workqueue"), [
    'signet_workqueue{state="ready"} 0',
    'signet_workqueue{state="working"} 0',
    'signet_workqueue{state="delayed"} 0',
    'signet_workqueue{state="failing"} 0',
    "signet_workqueue_adds_total 51",
  ]);
});

test("adds are a counter over all queues there were", async () => {
  const metrics = open();
  metrics.watchQueue(() => figures);
  metrics.watchQueue(() => ({ ...figures, adds: 60 }));
  assert.deepEqual(await metricsLines(metrics, "signet_workqueue_adds_total"), [
    "signet_workqueue_adds_total 110",
  ]);
  assert.deepEqual(await metricsLines(metrics, "signet_workqueue_adds_total"), [
    "signet_workqueue_adds_total 110",
  ]);
});

test("adds are a counter over all spells of leading, seen by the same source", async () => {
  const metrics = open();
  let stats: typeof figures | null = figures;
  metrics.watchQueue(() => stats);
  for (const [adds, sum] of [
    [50, 50],
    [null, 50],
    [20, 70],
    [21, 71],
    [5, 76],
  ] as const) {
    stats = adds === null ? null : { ...figures, adds };
    assert.deepEqual(await metricsLines(metrics, "signet_workqueue_adds_total"), [
      `signet_workqueue_adds_total ${sum}`,
    ]);
  }
});

test("that the cluster drops the record is told while it does", async () => {
  const metrics = open();
  metrics.setRecordDropped(true);
  assert.deepEqual(await metricsLines(metrics, "signet_sync_record_dropped"), [
    "signet_sync_record_dropped 1",
  ]);
  metrics.setRecordDropped(false);
  assert.deepEqual(await metricsLines(metrics, "signet_sync_record_dropped"), [
    "signet_sync_record_dropped 0",
  ]);
});
