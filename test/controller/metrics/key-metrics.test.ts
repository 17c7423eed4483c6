import assert from "node:assert/strict";
import { test } from "node:test";
import { createMetrics } from "../../../controller/metrics.ts";
import { metricsLines } from "./metrics-lines.ts";

const open = () => createMetrics({ version: "1.2.3", omitNames: false });

test("sealing keys and their changes are counted without naming one", async () => {
  const metrics = open();
  metrics.setKeys({ loaded: 3, refused: 1, waiting: 2 });
  metrics.setKeysHeldBack({ backup: 1, promotion: 3 });
  metrics.setKeysWithoutBackup(2);
  metrics.countKeyChange("found");
  metrics.countUnwrapping("unavailable");
  assert.deepEqual(await metricsLines(metrics, "signet_sealing_key"), [
    'signet_sealing_keys{state="loaded"} 3',
    'signet_sealing_keys{state="refused"} 1',
    'signet_sealing_keys{state="waiting"} 2',
    'signet_sealing_keys_held_back{wants="backup"} 1',
    'signet_sealing_keys_held_back{wants="promotion"} 3',
    "signet_sealing_keys_without_backup 2",
    'signet_sealing_key_changes_total{cause="generated"} 0',
    'signet_sealing_key_changes_total{cause="promoted"} 0',
    'signet_sealing_key_changes_total{cause="found"} 1',
    'signet_sealing_key_unwrappings_total{outcome="unwrapped"} 0',
    'signet_sealing_key_unwrappings_total{outcome="refused"} 0',
    'signet_sealing_key_unwrappings_total{outcome="unavailable"} 1',
    'signet_sealing_key_unwrappings_total{outcome="denied"} 0',
    "signet_sealing_key_unexpected 0",
  ]);
});

test("the times of the key that seals are told in seconds, and not before there is one", async () => {
  const metrics = open();
  assert.deepEqual(await metricsLines(metrics, "signet_sealing_key_created"), []);
  assert.deepEqual(await metricsLines(metrics, "signet_sealing_key_expires"), []);
  metrics.setKeyTimes({
    created: new Date("2030-01-01T00:00:00Z"),
    expires: new Date("2040-01-01T00:00:00.500Z"),
  });
  assert.deepEqual(await metricsLines(metrics, "signet_sealing_key_created"), [
    "signet_sealing_key_created_seconds 1893456000",
  ]);
  assert.deepEqual(await metricsLines(metrics, "signet_sealing_key_expires"), [
    "signet_sealing_key_expires_seconds 2208988800.5",
  ]);
});

test("an unexpected key is told as long as it seals", async () => {
  const metrics = open();
  metrics.setKeyUnexpected(true);
  assert.deepEqual(await metricsLines(metrics, "signet_sealing_key_unexpected"), [
    "signet_sealing_key_unexpected 1",
  ]);
  metrics.setKeyUnexpected(false);
  assert.deepEqual(await metricsLines(metrics, "signet_sealing_key_unexpected"), [
    "signet_sealing_key_unexpected 0",
  ]);
});

test("private-key operations are counted by purpose, from 0", async () => {
  const metrics = open();
  metrics.countKeyOperation("open");
  metrics.countKeyOperation("open");
  assert.deepEqual(await metricsLines(metrics, "signet_private_key_operations_total"), [
    'signet_private_key_operations_total{purpose="open"} 2',
    'signet_private_key_operations_total{purpose="diagnose"} 0',
    'signet_private_key_operations_total{purpose="check"} 0',
  ]);
});
