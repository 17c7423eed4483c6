import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import type { ContractApi } from "./contract-client.ts";
import { contractApi } from "./contract-client.ts";
import { nextEventName, refusalOf } from "./contract-scene.ts";
import type { EmbeddedCluster } from "./embedded-cluster.ts";
import { startEmbeddedCluster } from "./embedded-cluster.ts";

const secrets = "/api/v1/namespaces/default/secrets";

describe("faults", () => {
  let cluster: EmbeddedCluster;
  let api: ContractApi;
  beforeEach(async () => {
    cluster = await startEmbeddedCluster();
    api = contractApi(cluster);
  });
  afterEach(() => cluster.stop());

  const list = async (): Promise<number> => (await api.request("GET", secrets)).status;

  test("strike as often as asked, then no more", async () => {
    const fault = cluster.faults.add({ path: /\/secrets$/, times: 2, status: 503 });
    assert.deepEqual([await list(), await list(), await list()], [503, 503, 200]);
    assert.equal(fault.struck, 2);
  });

  test("strike until they are removed", async () => {
    const fault = cluster.faults.add({ path: /\/secrets$/, status: 500 });
    assert.deepEqual([await list(), await list()], [500, 500]);
    fault.remove();
    assert.equal(await list(), 200);
    cluster.faults.add({ path: /./, status: 500 });
    cluster.faults.clear();
    assert.equal(await list(), 200);
  });

  test("strike only the method, path and query they name", async () => {
    cluster.faults.add({ method: "GET", path: /\/secrets$/, query: /labelSelector=a/, status: 500 });
    assert.equal(await list(), 200);
    assert.equal((await api.request("GET", `${secrets}?labelSelector=a`)).status, 500);
    assert.equal((await api.request("GET", `${secrets}/x?labelSelector=a`)).status, 404);
    assert.equal((await api.request("DELETE", `${secrets}?labelSelector=a`)).status, 200);
  });

  test("one at a time, in the order they were added", async () => {
    const first = cluster.faults.add({ path: /secrets/, times: 1, status: 500 });
    const second = cluster.faults.add({ path: /secrets/, times: 1, status: 503 });
    assert.deepEqual([await list(), await list(), await list()], [500, 503, 200]);
    assert.deepEqual([first.struck, second.struck], [1, 1]);
  });

  test("answer with a Status, and with Retry-After where asked", async () => {
    cluster.faults.add({ path: /secrets/, status: 429, retryAfterSeconds: 7 });
    const refusal = refusalOf(await api.request("GET", secrets), 429, "TooManyRequests");
    assert.deepEqual(refusal.details, { retryAfterSeconds: 7 });
    assert.equal((await fetch(cluster.url + secrets)).headers.get("retry-after"), "7");
  });

  test("answer with the body that was given", async () => {
    cluster.faults.add({ path: /secrets/, times: 1, status: 200, body: "not JSON" });
    assert.deepEqual(await api.request("GET", secrets), { status: 200, body: "not JSON" });
    cluster.faults.add({ path: /secrets/, times: 1, status: 200, body: { kind: "Odd" } });
    assert.deepEqual(await api.request("GET", secrets), { status: 200, body: { kind: "Odd" } });
  });

  test("break the connection before the write", async () => {
    cluster.faults.add({ method: "POST", path: /secrets/, times: 1, effect: "reset" });
    await assert.rejects(api.request("POST", secrets, { metadata: { name: "a" } }), { code: "ECONNRESET" });
    assert.equal(cluster.store.get("secrets", "default", "a"), null);
  });

  test("break the connection after the write, so that only the answer is lost", async () => {
    cluster.faults.add({ method: "POST", path: /secrets/, times: 1, effect: "reset", afterServing: true });
    await assert.rejects(api.request("POST", secrets, { metadata: { name: "a" } }), { code: "ECONNRESET" });
    assert.equal(cluster.store.get("secrets", "default", "a")?.metadata.name, "a");
  });

  test("answer with an error after the write", async () => {
    cluster.faults.add({ method: "POST", path: /secrets/, times: 1, status: 504, afterServing: true });
    assert.equal((await api.request("POST", secrets, { metadata: { name: "a" } })).status, 504);
    assert.notEqual(cluster.store.get("secrets", "default", "a"), null);
  });

  test("delay an answer that is then the usual one", async () => {
    cluster.faults.add({ path: /secrets/, times: 1, delayMs: 200 });
    const order: string[] = [];
    const slow = list().then((status) => order.push(`slow ${status}`));
    while (cluster.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await list().then((status) => order.push(`quick ${status}`));
    await slow;
    assert.deepEqual(order, ["quick 200", "slow 200"]);
  });

  test("hang until the cluster stops", async () => {
    const fault = cluster.faults.add({ path: /secrets/, effect: "hang" });
    const answer = list().then(
      () => "answered",
      () => "broken",
    );
    while (fault.struck === 0) await new Promise((resolve) => setImmediate(resolve));
    await cluster.stop();
    assert.equal(await answer, "broken");
  });

  test("a struck watch is refused, others go on", async () => {
    const open = await api.watch(`${secrets}?watch=true`);
    cluster.faults.add({ path: /secrets/, query: /watch=true/, status: 500 });
    await assert.rejects(api.watch(`${secrets}?watch=true`), /refused with 500/);
    await api.request("POST", secrets, { metadata: { name: "a" } });
    assert.equal(await nextEventName(open), "ADDED a");
    await open.close();
  });
});

describe("watches that are dropped", () => {
  let cluster: EmbeddedCluster;
  let api: ContractApi;
  beforeEach(async () => {
    cluster = await startEmbeddedCluster({ sealedSecrets: true });
    api = contractApi(cluster);
  });
  afterEach(() => cluster.stop());

  test("end cleanly", async () => {
    const reader = await api.watch(`${secrets}?watch=true`);
    assert.equal(cluster.watchCount, 1);
    assert.equal(cluster.dropWatches(), 1);
    assert.equal(await reader.next(), null);
    assert.equal(cluster.watchCount, 0);
  });

  test("break with the connection", async () => {
    const reader = await api.watch(`${secrets}?watch=true`);
    assert.equal(cluster.dropWatches("reset"), 1);
    await assert.rejects(reader.next(), { code: "ECONNRESET" });
  });

  test("of one resource alone", async () => {
    const kept = await api.watch(`${secrets}?watch=true`);
    const dropped = await api.watch("/apis/bitnami.com/v1alpha1/sealedsecrets?watch=true");
    assert.equal(cluster.dropWatches("end", "sealedsecrets.bitnami.com"), 1);
    assert.equal(await dropped.next(), null);
    await api.request("POST", secrets, { metadata: { name: "a" } });
    assert.equal(await nextEventName(kept), "ADDED a");
    await kept.close();
  });

  test("are forgotten when their client goes away", async () => {
    const reader = await api.watch(`${secrets}?watch=true`);
    await reader.close();
    while (cluster.watchCount > 0) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(cluster.dropWatches(), 0);
  });

  test("end when the cluster stops", async () => {
    const reader = await api.watch(`${secrets}?watch=true`);
    const end = reader.next().catch(() => null);
    await cluster.stop();
    assert.equal(await end, null);
  });

  test("a compacted revision is refused: watches by an event, lists and pages by 410", async () => {
    for (const name of ["a", "b"]) await api.request("POST", secrets, { metadata: { name } });
    const first = (await api.request("GET", `${secrets}?limit=1`)).body as {
      metadata: { resourceVersion: string; continue: string };
    };
    const { resourceVersion, continue: token } = first.metadata;
    await api.request("POST", secrets, { metadata: { name: "c" } });
    cluster.compact();
    const reader = await api.watch(`${secrets}?watch=true&resourceVersion=${resourceVersion}`);
    const event = await reader.next();
    assert.deepEqual([event?.type, event?.object.code, event?.object.reason], ["ERROR", 410, "Expired"]);
    const exact = `${secrets}?resourceVersionMatch=Exact&resourceVersion=${resourceVersion}`;
    refusalOf(await api.request("GET", exact), 410, "Expired");
    const page = refusalOf(
      await api.request("GET", `${secrets}?continue=${encodeURIComponent(token)}`),
      410,
      "Expired",
    );
    const fresh = encodeURIComponent(String(page.metadata["continue"]));
    const rest = (await api.request("GET", `${secrets}?continue=${fresh}`)).body as { items: unknown[] };
    assert.equal(rest.items.length, 2);
  });

  test("the log keeps as many writes as asked, then the oldest revisions expire", async () => {
    const small = await startEmbeddedCluster({ historyLimit: 10 });
    const smallApi = contractApi(small);
    const { metadata } = (await smallApi.request("GET", secrets)).body as {
      metadata: { resourceVersion: string };
    };
    for (let count = 0; count < 25; count += 1)
      small.store.put({
        apiVersion: "v1",
        kind: "Secret",
        metadata: { namespace: "default", name: `s${count}` },
      });
    const old = await smallApi.watch(`${secrets}?watch=true&resourceVersion=${metadata.resourceVersion}`);
    assert.equal((await old.next())?.type, "ERROR");
    const recent = small.store.get("secrets", "default", "s14")?.metadata.resourceVersion;
    const reader = await smallApi.watch(`${secrets}?watch=true&resourceVersion=${recent}`);
    assert.equal(await nextEventName(reader), "ADDED s15");
    await reader.close();
    await small.stop();
  });

  test("bookmarks go to those that allow them", async () => {
    const plain = await api.watch(`${secrets}?watch=true`);
    const marked = await api.watch(`${secrets}?watch=true&allowWatchBookmarks=true`);
    const stored = cluster.store.put({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { namespace: "default", name: "a" },
    });
    cluster.sendBookmarks();
    const event = await marked.next();
    assert.deepEqual(event, {
      type: "BOOKMARK",
      object: {
        kind: "Secret",
        apiVersion: "v1",
        metadata: { resourceVersion: stored.metadata.resourceVersion },
      },
    });
    await api.request("POST", secrets, { metadata: { name: "a" } });
    assert.equal(await nextEventName(plain), "ADDED a");
    await plain.close();
    await marked.close();
  });

  test("bookmarks come by themselves at the interval", async () => {
    const quick = await startEmbeddedCluster({ bookmarkIntervalMs: 20 });
    const reader = await contractApi(quick).watch(`${secrets}?watch=true&allowWatchBookmarks=true`);
    assert.equal((await reader.next())?.type, "BOOKMARK");
    await reader.close();
    await quick.stop();
  });
});
