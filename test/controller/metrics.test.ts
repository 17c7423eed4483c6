import assert from "node:assert/strict";
import { test } from "node:test";
import { createMetrics, type Metrics } from "../../controller/metrics.ts";

const conditions = (synced: string) => ({
  conditions: [
    { type: "Synced", status: synced },
    { type: "Ready", status: "Unknown" },
  ],
});
const db = { namespace: "team", name: "db", labels: { "app.kubernetes.io/instance": "shop" } };

/** Lines of the metrics without help and type, those that begin so. */
async function lines(metrics: Metrics, start: string): Promise<string[]> {
  const text = await metrics.registry.metrics();
  return text.split("\n").filter((line) => line.startsWith(start));
}
const open = (omitNames = false) => createMetrics({ version: "1.2.3", omitNames });

test("names and types are those that dashboards and alerts query", async () => {
  const text = await open().registry.metrics();
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  for (const expected of [
    "sealed_secrets_controller_build_info gauge",
    "sealed_secrets_controller_unseal_requests_total counter",
    "sealed_secrets_controller_unseal_errors_total counter",
    "sealed_secrets_controller_condition_info gauge",
    "sealed_secrets_controller_http_requests_total counter",
    "sealed_secrets_controller_http_request_duration_seconds histogram",
  ]) {
    assert.ok(types.includes(expected), expected);
  }
});

test("the content type is Prometheus' text format", () => {
  assert.match(open().registry.contentType, /^text\/plain; version=0\.0\.4; charset=utf-8/);
});

test("build_info is 1 and names the version", async () => {
  assert.deepEqual(await lines(open(), "sealed_secrets_controller_build_info"), [
    'sealed_secrets_controller_build_info{revision="1.2.3"} 1',
  ]);
});

test("attempts and errors are counted, errors by reason and namespace", async () => {
  const metrics = open();
  metrics.countAttempt();
  metrics.countAttempt();
  for (const reason of ["fetch", "unseal", "unmanaged", "update", "status"] as const) {
    metrics.countError(reason, "team");
  }
  metrics.countError("unseal", "team");
  assert.deepEqual(await lines(metrics, "sealed_secrets_controller_unseal_requests_total"), [
    "sealed_secrets_controller_unseal_requests_total 2",
  ]);
  const errors = await lines(metrics, "sealed_secrets_controller_unseal_errors_total");
  assert.deepEqual(
    errors.filter((line) => line.includes('namespace="team"')).map((line) => line.replace(/^.*reason=/, "")),
    [
      '"fetch",namespace="team"} 1',
      '"unseal",namespace="team"} 2',
      '"unmanaged",namespace="team"} 1',
      '"update",namespace="team"} 1',
      '"status",namespace="team"} 1',
    ],
  );
});

for (const [status, value] of [
  ["True", 1],
  ["False", -1],
  ["Unknown", 0],
] as const) {
  test(`condition_info: ${status} is ${value}`, async () => {
    const metrics = open();
    metrics.observeConditions(db, conditions(status));
    assert.deepEqual(await lines(metrics, "sealed_secrets_controller_condition_info"), [
      `sealed_secrets_controller_condition_info{namespace="team",name="db",condition="Synced",ss_app_kubernetes_io_instance="shop"} ${value}`,
      'sealed_secrets_controller_condition_info{namespace="team",name="db",condition="Ready",ss_app_kubernetes_io_instance="shop"} 0',
    ]);
  });
}

test("condition_info follows: conditions that went, another instance, no label", async () => {
  const metrics = open();
  metrics.observeConditions(db, { conditions: [{ type: "Stalled", status: "True" }] });
  metrics.observeConditions({ ...db, labels: {} }, { conditions: [{ type: "Synced", status: "True" }] });
  assert.deepEqual(await lines(metrics, "sealed_secrets_controller_condition_info"), [
    'sealed_secrets_controller_condition_info{namespace="team",name="db",condition="Synced",ss_app_kubernetes_io_instance=""} 1',
  ]);
  metrics.observeConditions(db, undefined);
  assert.deepEqual(await lines(metrics, "sealed_secrets_controller_condition_info"), []);
});

test("an object that is gone leaves no series behind, conditions of others included; its neighbours stay", async () => {
  const metrics = open();
  metrics.observeConditions(db, {
    conditions: [
      { type: "Synced", status: "True" },
      { type: "Audited", status: "True" },
    ],
  });
  metrics.observeConditions({ ...db, name: "cache" }, conditions("True"));
  metrics.forget("team/db");
  metrics.forget("team/unknown");
  const left = await lines(metrics, "sealed_secrets_controller_condition_info");
  assert.equal(left.length, 2);
  assert.ok(left.every((line) => line.includes('name="cache"')));
});

test("on request nothing names an object or a namespace", async () => {
  const metrics = open(true);
  metrics.observeConditions(db, conditions("True"));
  metrics.countError("unseal", "team");
  metrics.forget("team/db");
  const series = (await lines(metrics, "")).filter((line) => !line.startsWith("#"));
  assert.doesNotMatch(series.join("\n"), /team|"db"|condition_info|namespace/);
  const errors = await lines(metrics, "sealed_secrets_controller_unseal_errors_total");
  assert.ok(errors.includes('sealed_secrets_controller_unseal_errors_total{reason="unseal"} 1'));
});

test("HTTP requests are counted by path, code and method in small letters, with their duration", async () => {
  const metrics = open();
  metrics.countHttp("/v1/verify", "POST", 409, 0.02);
  assert.deepEqual(await lines(metrics, "sealed_secrets_controller_http_requests_total"), [
    'sealed_secrets_controller_http_requests_total{path="/v1/verify",code="409",method="post"} 1',
  ]);
  const buckets = await lines(metrics, "sealed_secrets_controller_http_request_duration_seconds_bucket");
  assert.deepEqual(
    buckets.map((line) => /le="([^"]+)".*? (\d+)$/.exec(line)?.slice(1).join(" ")),
    [
      "0.005 0",
      "0.01 0",
      "0.025 1",
      "0.05 1",
      "0.1 1",
      "0.25 1",
      "0.5 1",
      "1 1",
      "2.5 1",
      "5 1",
      "10 1",
      "+Inf 1",
    ],
  );
});
