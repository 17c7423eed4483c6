import assert from "node:assert/strict";
import { test } from "node:test";
import { createMetrics } from "../../../controller/metrics.ts";
import { metricsLines } from "./metrics-lines.ts";

const open = (omitNames = false) => createMetrics({ version: "1.2.3", omitNames });
const object = (namespace: string, name: string) => ({ namespace, name, labels: {} });
const told = (...conditions: [type: string, status: string, reason?: string][]) => ({
  conditions: conditions.map(([type, status, reason]) => ({
    type,
    status,
    ...(reason === undefined ? {} : { reason }),
  })),
});
const READY = told(["Synced", "True", "Unsealed"], ["Ready", "True", "Unsealed"]);
const STALLED = told(["Synced", "False", "UnsealFailed"], ["Stalled", "True", "UnsealFailed"]);
const RETRYING = told(["Synced", "True", "Unsealed"], ["Reconciling", "True", "UpdateFailed"]);

test("SealedSecrets are counted by namespace, by how they are and why", async () => {
  const metrics = open();
  metrics.observeConditions(object("team", "a"), READY);
  metrics.observeConditions(object("team", "b"), READY);
  metrics.observeConditions(object("team", "c"), STALLED);
  metrics.observeConditions(object("shop", "a"), RETRYING);
  assert.deepEqual((await metricsLines(metrics, "signet_sealedsecrets{")).toSorted(), [
    'signet_sealedsecrets{namespace="shop",status="retrying",reason="UpdateFailed"} 1',
    'signet_sealedsecrets{namespace="team",status="failed",reason="UnsealFailed"} 1',
    'signet_sealedsecrets{namespace="team",status="ready",reason="Unsealed"} 2',
  ]);
});

test("an object that changes or goes leaves no series of 0 behind", async () => {
  const metrics = open();
  metrics.observeConditions(object("team", "a"), STALLED);
  metrics.observeConditions(object("team", "a"), READY);
  assert.deepEqual(await metricsLines(metrics, "signet_sealedsecrets{"), [
    'signet_sealedsecrets{namespace="team",status="ready",reason="Unsealed"} 1',
  ]);
  metrics.forget("team/a");
  metrics.forget("team/a");
  assert.deepEqual(await metricsLines(metrics, "signet_sealedsecrets{"), []);
});

for (const [name, status, expected] of [
  ["as the reference leaves it: True", told(["Synced", "True"]), "ready Other"],
  ["as the reference leaves it: False", told(["Synced", "False"]), "failed Other"],
  ["a reason that is no word", told(["Synced", "True", 'team/db"}']), "ready Other"],
  ["a reason without end", told(["Synced", "True", "a".repeat(41)]), "ready Other"],
  ["conditions of others only", told(["Audited", "True", "Fine"]), null],
  ["Synced not known", told(["Synced", "Unknown", "Waiting"]), null],
  ["no status", undefined, null],
] as const) {
  test(`how an object is: ${name}`, async () => {
    const metrics = open(true);
    metrics.observeConditions(object("team", "a"), status);
    const lines = await metricsLines(metrics, "signet_sealedsecrets{");
    const [state, reason] = expected?.split(" ") ?? [];
    const series = `signet_sealedsecrets{status="${state}",reason="${reason}"} 1`;
    assert.deepEqual(lines, expected === null ? [] : [series]);
  });
}

test("on request they are counted over all namespaces", async () => {
  const metrics = open(true);
  metrics.observeConditions(object("team", "a"), READY);
  metrics.observeConditions(object("shop", "a"), READY);
  metrics.forget("shop/a");
  metrics.observeConditions(object("shop", "b"), READY);
  assert.deepEqual(await metricsLines(metrics, "signet_sealedsecrets{"), [
    'signet_sealedsecrets{status="ready",reason="Unsealed"} 2',
  ]);
});

test("a namespace has all series of errors from its first object to its last", async () => {
  const metrics = open();
  const errors = async () =>
    (await metricsLines(metrics, "sealed_secrets_controller_unseal_errors_total")).map((line) =>
      line.replace(/^.*reason="(\w+)",namespace="(\w*)"} (\d+)$/, "$2 $1 $3"),
    );
  const withoutNamespace = [" fetch 0", " unseal 0", " unmanaged 0", " update 0", " status 0"];
  assert.deepEqual(await errors(), withoutNamespace);
  metrics.observeConditions(object("team", "a"), READY);
  metrics.countError("unseal", "team");
  metrics.observeConditions(object("team", "a"), STALLED);
  metrics.observeConditions(object("team", "b"), READY);
  assert.deepEqual(await errors(), [
    ...withoutNamespace,
    "team fetch 0",
    "team unseal 1",
    "team unmanaged 0",
    "team update 0",
    "team status 0",
  ]);
  metrics.forget("team/a");
  assert.equal((await errors()).length, 10);
  metrics.forget("team/b");
  assert.deepEqual(await errors(), withoutNamespace);
});

test("when leading ends the gauges of objects go, and counters stay", async () => {
  const metrics = open();
  metrics.observeConditions(object("team", "a"), STALLED);
  metrics.countError("unseal", "team");
  metrics.countAttempt();
  metrics.forgetAll();
  assert.deepEqual(await metricsLines(metrics, "signet_sealedsecrets{"), []);
  assert.deepEqual(await metricsLines(metrics, "sealed_secrets_controller_condition_info"), []);
  const text = await metrics.registry.metrics();
  assert.match(text, /unseal_errors_total\{reason="unseal",namespace="team"\} 1/);
  assert.match(text, /unseal_requests_total 1/);
  metrics.observeConditions(object("team", "a"), READY);
  assert.deepEqual(await metricsLines(metrics, "signet_sealedsecrets{"), [
    'signet_sealedsecrets{namespace="team",status="ready",reason="Unsealed"} 1',
  ]);
});

test("a status that somebody filled makes few series, one for each type", async () => {
  const metrics = open();
  const many = Array.from({ length: 1000 }, (_, n): [string, string] => [`T${n}`, "True"]);
  metrics.observeConditions(
    object("team", "a"),
    told(["Synced", "False"], ["Synced", "True"], ["a\nb 1", "True"], ["x".repeat(10_000), "True"], ...many),
  );
  const lines = await metricsLines(metrics, "sealed_secrets_controller_condition_info");
  assert.equal(lines.length, 16);
  assert.equal(lines.filter((line) => line.includes('condition="Synced"')).length, 1);
  assert.match(lines.find((line) => line.includes('condition="Synced"')) ?? "", / 1$/);
  assert.ok(lines.every((line) => /condition="(Synced|T\d+)"/.test(line)));
});
