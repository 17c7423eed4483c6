import assert from "node:assert/strict";
import { test } from "node:test";
import { createMetrics } from "../../../controller/metrics.ts";
import { metricsLines } from "./metrics-lines.ts";

const open = () => createMetrics({ version: "1.2.3", omitNames: false });

test("a service that nobody asked has no series; one that was connected begins at 0", async () => {
  const metrics = open();
  const total = "signet_key_service_requests_total";
  assert.deepEqual(await metricsLines(metrics, total), []);
  metrics.beginKeyService("kms");
  const lines = await metricsLines(metrics, total);
  assert.ok(lines.includes(`${total}{service="kms",operation="decrypt",outcome="ok"} 0`), lines.join("\n"));
  assert.ok(lines.includes(`${total}{service="kms",operation="decrypt",outcome="throttled"} 0`));
  assert.ok(lines.every((line) => line.includes('service="kms"')));
  assert.ok(!lines.some((line) => line.includes("rewrap")), "an operation of Vault alone");
});

test("calls are counted by what came of them, and their time is told in seconds", async () => {
  const metrics = open();
  metrics.countKeyServiceRequest("vault", "decrypt", { outcome: "denied", ms: 1500 });
  metrics.countKeyServiceRequest("vault", "decrypt", { outcome: "ok", ms: 16 });
  metrics.countKeyServiceRequest("vault", "decrypt", { outcome: "ok", ms: 16 });
  assert.deepEqual(await metricsLines(metrics, "signet_key_service_requests_total"), [
    'signet_key_service_requests_total{service="vault",operation="decrypt",outcome="denied"} 1',
    'signet_key_service_requests_total{service="vault",operation="decrypt",outcome="ok"} 2',
  ]);
  const seconds = await metricsLines(metrics, "signet_key_service_request_seconds");
  for (const end of [
    'sum{service="vault",operation="decrypt"} 1.532',
    '{le="0.02",service="vault",operation="decrypt"} 2',
  ])
    assert.ok(
      seconds.some((line) => line.endsWith(end)),
      end,
    );
});

test("closed gates are told as they stand when asked", async () => {
  const metrics = open();
  const gates = () => metricsLines(metrics, "signet_key_service_closed_gates");
  const none = [
    'signet_key_service_closed_gates{service="kms"} 0',
    'signet_key_service_closed_gates{service="vault"} 0',
  ];
  assert.deepEqual(await gates(), none);
  let kms = 3;
  metrics.watchKeyServiceGates(() => ({ kms, vault: 1 }));
  assert.deepEqual(await gates(), [none[0]?.replace(/0$/, "3"), none[1]?.replace(/0$/, "1")]);
  kms = 0;
  assert.equal((await gates())[0], none[0]);
});
