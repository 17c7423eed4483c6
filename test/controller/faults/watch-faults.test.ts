import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { readDocuments } from "../../../shared/document/read-documents.ts";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { pairSecret, sealingPair } from "../sealing-key.ts";
import { controllerScene } from "./controller-scene.ts";

const noStatusErrors = /unseal_errors_total\{reason="status",namespace="team"\} 0$/m;
const key = pairSecret(await sealingPair(), "sealed-secrets-key1");

for (const how of ["end", "reset"] as const) {
  test(`watches that break off (${how}) miss nothing`, async (context) => {
    const scene = await controllerScene(context, { keys: [key] });
    for (let round = 0; round < 4; round++) {
      await scene.seal("db", { round: `${round}` });
      await scene.untilSynced("db", { round: `${round}` });
      await scene.until("three watches", () => scene.cluster.watchCount >= 3);
      scene.cluster.dropWatches(how);
      await scene.seal(`other-${round}`, { round: `${round}` });
    }
    for (let round = 0; round < 4; round++) await scene.untilSynced(`other-${round}`, { round: `${round}` });
  });
}

test("a place to resume from that is gone (410) misses nothing, deletions included", async (context) => {
  const scene = await controllerScene(context, { keys: [key] });
  await scene.seal("stays", { a: "1" });
  await scene.seal("goes", { a: "1" });
  await scene.untilSynced("stays", { a: "1" });
  await scene.untilSynced("goes", { a: "1" });
  const refused = scene.cluster.faults.add({ path: /sealedsecrets$/, status: 503, query: /watch=/ });
  scene.cluster.dropWatches("reset", "sealedsecrets.bitnami.com");
  scene.cluster.store.delete("sealedsecrets.bitnami.com", "team", "goes");
  await scene.seal("stays", { a: "2" });
  scene.cluster.compact();
  refused.remove();
  await scene.untilSynced("stays", { a: "2" });
  await scene.until(
    "no metrics of what is gone",
    async () => !(await scene.metrics()).includes('name="goes"'),
  );
});

test("a cluster without the definition is waited for", async (context) => {
  const scene = await controllerScene(context, { keys: [key], cluster: {} });
  await scene.until("a word in the log", () =>
    scene.lines.some((line) => /Cannot watch SealedSecrets.*install the resource: kubectl apply/.test(line)),
  );
  assert.equal((await scene.ask("/readyz")).status, 503);
  assert.equal((await scene.ask("/healthz")).status, 200);
  const file = join(import.meta.dirname, "../../../crds/sealedsecrets.yaml");
  const [definition] = readDocuments(await readFile(file), "the definition");
  scene.cluster.store.put(definition?.value as ApiObject);
  await scene.seal("db", { a: "1" });
  await scene.untilSynced("db", { a: "1" });
  assert.equal((await scene.ask("/readyz")).status, 200);
});

test("a definition that drops the records is told of once, however many objects are under work", async (context) => {
  const scene = await controllerScene(context, {
    keys: [key],
    cluster: {},
    prepare: async ({ faults, store }) => {
      const fixture = join(import.meta.dirname, "../../interop/fixtures/reference-0.40-definition.yaml");
      const [definition] = readDocuments(await readFile(fixture), "the definition");
      store.put(definition?.value as ApiObject);
      faults.add({ method: "PUT", path: /\/status$/, delayMs: 300 });
    },
  });
  const names = ["a", "b", "c", "d"];
  for (const name of names) await scene.seal(name, { name });
  for (const name of names) await scene.untilSynced(name, { name });
  const told = scene.lines.filter((line) => line.includes("drops status.signet"));
  assert.equal(told.length, 1);
  assert.match(told[0] ?? "", /kubectl apply --server-side --force-conflicts -f crds\/sealedsecrets.yaml/);
  assert.match(await scene.metrics(), /^signet_sync_record_dropped 1$/m);

  const file = join(import.meta.dirname, "../../../crds/sealedsecrets.yaml");
  const [current] = readDocuments(await readFile(file), "the definition");
  scene.cluster.store.put(current?.value as ApiObject);
  await scene.seal("a", { a: "2" });
  await scene.untilSynced("a", { a: "2" });
  assert.match(await scene.metrics(), /^signet_sync_record_dropped 1$/m);
  const today = Date.now;
  context.mock.method(Date, "now", () => today() + 11 * 60_000);
  await scene.seal("b", { b: "2" });
  await scene.untilSynced("b", { b: "2" });
  await scene.until("word of records that are kept", async () =>
    /^signet_sync_record_dropped 0$/m.test(await scene.metrics()),
  );
});

test("readiness waits for the first list", async (context) => {
  const scene = await controllerScene(context, {
    keys: [key],
    prepare: (cluster) => void cluster.faults.add({ path: /sealedsecrets$/, status: 500 }),
  });
  await scene.until("a certificate", async () => (await scene.ask("/v1/cert.pem")).status === 200);
  assert.equal((await scene.ask("/readyz")).status, 503);
  scene.cluster.faults.clear();
  await scene.until("ready", async () => (await scene.ask("/readyz")).status === 200);
});

test("a SealedSecret that is deleted takes its metrics along; its Secret is left to the cluster", async (context) => {
  const scene = await controllerScene(context, { keys: [key] });
  await scene.seal("db", { a: "1" });
  await scene.untilSynced("db", { a: "1" });
  assert.match(await scene.metrics(), /condition_info\{namespace="team",name="db",condition="Synced".*\} 1/);
  scene.cluster.store.delete("sealedsecrets.bitnami.com", "team", "db");
  await scene.until("no metrics", async () => !(await scene.metrics()).includes('name="db"'));
  await scene.until("the Secret collected", () => scene.items("db") === null);
  assert.ok(scene.secretWrites.every(({ method }) => method !== "DELETE"));
});

test("an object deleted while it is worked on leaves no metrics behind", async (context) => {
  const scene = await controllerScene(context, { keys: [key] });
  const slow = scene.cluster.faults.add({ method: "POST", path: /\/team\/secrets$/, delayMs: 400 });
  await scene.seal("db", { a: "1" });
  await scene.until("the write of the Secret", () => slow.struck > 0);
  scene.cluster.store.delete("sealedsecrets.bitnami.com", "team", "db");
  await scene.until("the Secret written", () =>
    scene.secretWrites.some(({ path }) => path.includes("/team/")),
  );
  await scene.until("the status refused", () =>
    scene.cluster.requests.some(({ method, path }) => method === "PUT" && path.endsWith("/db/status")),
  );
  // Whatever is looked at after it.
  await scene.seal("other", { a: "1" });
  await scene.untilSynced("other", { a: "1" });
  assert.ok(!(await scene.metrics()).includes('name="db"'));
  assert.match(await scene.metrics(), noStatusErrors);
  assert.ok(!scene.lines.some((line) => line.includes("Error updating SealedSecret status")));
});

test("an object edited while it is worked on raises no alert; a status that is refused does", async (context) => {
  const scene = await controllerScene(context, { keys: [key] });
  const slow = scene.cluster.faults.add({ method: "POST", path: /\/team\/secrets$/, delayMs: 400 });
  await scene.seal("db", { a: "1" });
  await scene.until("the write of the Secret", () => slow.struck > 0);
  slow.remove();
  await scene.seal("db", { a: "2" });
  await scene.untilSynced("db", { a: "2" });
  const statuses = scene.cluster.requests.filter(
    ({ method, path }) => method === "PUT" && /\/status$/.test(path),
  );
  assert.ok(statuses.length >= 2, "the first was too late");
  assert.match(await scene.metrics(), noStatusErrors);
  assert.ok(!scene.lines.some((line) => line.includes("Error updating SealedSecret status")));
  const refused = scene.cluster.faults.add({ method: "PUT", path: /\/status$/, status: 403 });
  await scene.seal("db", { a: "3" });
  await scene.until("a word in the log", () =>
    scene.lines.some((line) => line.includes("Error updating SealedSecret status")),
  );
  assert.doesNotMatch(await scene.metrics(), noStatusErrors);
  refused.remove();
  await scene.untilSynced("db", { a: "3" });
});
