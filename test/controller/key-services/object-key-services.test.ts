import assert from "node:assert/strict";
import { test } from "node:test";
import { ObjectKeyServices } from "../../../controller/key-services/object-key-services.ts";
import { openLog } from "../../../controller/log.ts";
import { createMetrics } from "../../../controller/metrics.ts";
import { readControllerOptions } from "../../../controller/options.ts";
import { scopeAt } from "../../../shared/scope.ts";
import type { RemoteBackend } from "../../../shared/seal/codec.ts";
import { KeyServiceError } from "../../../shared/seal/key-service-error.ts";
import { kmsSealer } from "../../../shared/seal/kms-sealer.ts";
import { FakeClock, settle } from "../../support/fake-clock.ts";
import { aliasArn, keyArn } from "../../support/memory-kms.ts";
import { metricsLines } from "../metrics/metrics-lines.ts";
import { CLUSTER, KMS_KEY, RemoteKeys, sealedValues, VAULT_KEY } from "./remote-scene.ts";

const signal = AbortSignal.timeout(60_000);

/** Key services with those options, on a clock that stands still. */
function scene(...args: string[]) {
  const keys = new RemoteKeys();
  const clock = new FakeClock();
  const log = openLog(
    { level: "ERROR", format: "text", infoToStdout: true },
    { out: () => undefined, err: () => undefined },
  );
  const metrics = createMetrics({ version: "1", omitNames: false });
  const parts = { connections: keys.connections, clock, log, metrics };
  const services = new ObjectKeyServices(readControllerOptions(args, {}), parts);
  const open = async (backend: RemoteBackend, namespace: string, values: Record<string, string>) => {
    const binding = { clusterId: CLUSTER, scope: scopeAt("strict", { namespace, name: "db" }) };
    const outcomes = await services
      .unsealerFor(backend, namespace)
      .unsealAll(new Map(Object.entries(values)), binding, signal);
    return [...outcomes.values()].map(({ kind }) => kind);
  };
  return { keys, clock, metrics, services, open };
}

test("{namespace} is that of the object, whichever it is", async () => {
  const { keys, open } = scene(`--kms-allowed-keys=${aliasArn("tenants/{namespace}")}`);
  for (const namespace of ["team", "other"]) {
    keys.kms.setAlias(`tenants/${namespace}`, "app");
    const sealer = kmsSealer(keys.kms, aliasArn(`tenants/${namespace}`));
    const values = await sealedValues(sealer, { namespace, name: "db" }, { a: "1" });
    assert.deepEqual(await open("kms", namespace, values), ["opened"]);
    await assert.rejects(open("kms", "elsewhere", values), (error: unknown) => {
      assert.ok(error instanceof KeyServiceError);
      assert.equal(error.fault, "not-allowed");
      return true;
    });
  }
});

test("a data key is kept for five minutes, and wiped when they are over though nobody asks", async () => {
  const { keys, clock, services, open } = scene(`--kms-allowed-keys=${KMS_KEY}`);
  const stopping = new AbortController();
  const running = services.run(stopping.signal);
  const values = await sealedValues(keys.sealers().kms, { name: "db" }, { a: "1" });
  await open("kms", "team", values);
  await open("kms", "team", values);
  assert.equal(keys.opened.kms, 1);
  assert.equal(services.keptDataKeys, 1);
  await clock.advance(5 * 60_000 + 30_000);
  await settle();
  assert.equal(services.keptDataKeys, 0);
  await open("kms", "team", values);
  assert.equal(keys.opened.kms, 2);
  assert.equal(services.keptDataKeys, 1);
  stopping.abort();
  await running;
  assert.equal(services.keptDataKeys, 0, "none is left at the end");
});

test("what a service refused is remembered from look to look", async () => {
  const { keys, open } = scene(
    `--kms-allowed-keys=${KMS_KEY}`,
    `--vault-allowed-keys=${VAULT_KEY}`,
    "--vault-addr=https://vault.example",
    "--vault-role=signet",
  );
  const sealers = keys.sealers();
  for (const backend of ["kms", "vault"] as const) {
    const moved = await sealedValues(sealers[backend], { name: "another" }, { a: "1" });
    const before = keys.opened[backend];
    for (let looks = 0; looks < 3; looks++)
      assert.deepEqual(await open(backend, "team", moved), ["malformed"]);
    assert.equal(keys.opened[backend], before + 1, backend);
  }
});

test("calls of one namespace do not have the gates of another forgotten", async () => {
  const { keys, open } = scene("--kms-allowed-keys=arn:aws:kms:*:*:key/*");
  const values = await sealedValues(keys.sealers().kms, { namespace: "other", name: "db" }, { a: "1" });
  const away = () => Promise.reject(new KeyServiceError("unavailable", "away", "wait"));
  keys.kms.before = away;
  await assert.rejects(open("kms", "other", values), /away/);
  const before = keys.opened.kms;
  for (let at = 0; at < 1000; at++) {
    const bogus = (values["a"] ?? "").replace(KMS_KEY, keyArn(`bogus-${at}`));
    await assert.rejects(open("kms", "team", { a: bogus }), /away/);
  }
  assert.equal(keys.opened.kms, before + 1000);
  await assert.rejects(open("kms", "other", values), /away/);
  assert.equal(keys.opened.kms, before + 1000, "it is held off still");
});

test("a key that fails is asked for once, whoever comes meanwhile", async () => {
  const { keys, clock, open } = scene(
    `--vault-allowed-keys=${VAULT_KEY}`,
    "--vault-addr=https://vault.example",
    "--vault-role=signet",
  );
  const values = await sealedValues(keys.sealers().vault, { name: "db" }, { a: "1" });
  keys.forgetCalls();
  keys.transit.before = () => {
    throw new KeyServiceError("unavailable", "away", "wait");
  };
  for (let tries = 0; tries < 5; tries++) await assert.rejects(open("vault", "team", values), /away/);
  assert.equal(keys.transit.calls.length, 1);
  keys.transit.before = () => undefined;
  await clock.advance(2000);
  assert.deepEqual(await open("vault", "team", values), ["opened"]);
});

test("a namespace that has made all the calls it may waits; others, and keys that are known, do not", async () => {
  const { keys, clock, metrics, open } = scene(`--kms-allowed-keys=${KMS_KEY}`);
  const values = await sealedValues(keys.sealers().kms, { name: "db" }, { a: "1" });
  const theirs = await sealedValues(keys.sealers().kms, { namespace: "other", name: "db" }, { a: "1" });
  for (let at = 0; at < 1000; at++) {
    const moved = (theirs["a"] ?? "").replace(/:[^:]{8}([^:]*:[^:]*)$/, `:${flip(at)}$1`);
    assert.deepEqual(await open("kms", "team", { a: moved }), ["malformed"]);
  }
  assert.equal(keys.opened.kms, 1000);
  const waits = (error: unknown) =>
    error instanceof KeyServiceError && error.fault === "throttled" && error.retryAfterMs === 100;
  await assert.rejects(open("kms", "team", values), waits);
  assert.equal(keys.opened.kms, 1000);
  assert.deepEqual(await metricsLines(metrics, "signet_key_service_budget_waits_total"), [
    'signet_key_service_budget_waits_total{service="kms"} 1',
    'signet_key_service_budget_waits_total{service="vault"} 0',
  ]);
  assert.deepEqual(await metricsLines(metrics, "signet_key_service_closed_gates"), [
    'signet_key_service_closed_gates{service="kms"} 0',
    'signet_key_service_closed_gates{service="vault"} 0',
  ]);
  assert.deepEqual(await open("kms", "other", theirs), ["opened"]);
  await clock.advance(100);
  assert.deepEqual(await open("kms", "team", values), ["opened"]);
  assert.deepEqual(await open("kms", "team", values), ["opened"], "from the cache");
});

/** Eight letters of base64, which differ from call to call. */
function flip(at: number): string {
  return `AAAA${at.toString(36).padStart(4, "0")}`;
}
