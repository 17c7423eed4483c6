import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, test } from "node:test";
import type { ApiObject } from "./api-object.ts";
import type { ContractApi } from "./contract-client.ts";
import { contractApi } from "./contract-client.ts";
import { nextEventName, objectOf, refusalOf, sealedSecret, until } from "./contract-scene.ts";
import type { EmbeddedCluster, EmbeddedClusterOptions } from "./embedded-cluster.ts";
import { startEmbeddedCluster } from "./embedded-cluster.ts";

const secrets = "/api/v1/namespaces/default/secrets";
const sealedSecrets = "/apis/bitnami.com/v1alpha1/namespaces/default/sealedsecrets";

describe("the embedded cluster", () => {
  let cluster: EmbeddedCluster | undefined;
  afterEach(() => cluster?.stop());

  async function start(
    options?: EmbeddedClusterOptions,
  ): Promise<{ cluster: EmbeddedCluster; api: ContractApi }> {
    cluster = await startEmbeddedCluster(options);
    return { cluster, api: contractApi(cluster) };
  }

  const secret = (name: string, more: object = {}): ApiObject => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace: "default", name },
    ...more,
  });

  test("serves SealedSecrets from the start only when asked", async () => {
    const plain = await start();
    assert.equal((await plain.api.request("GET", sealedSecrets)).status, 404);
    await plain.cluster.stop();
    const { api } = await start({ sealedSecrets: true });
    assert.equal((await api.request("POST", sealedSecrets, sealedSecret("a"))).status, 201);
  });

  test("lets the validate option refuse custom resources, and them alone", async () => {
    const seen: string[] = [];
    const validate = (object: ApiObject): string[] | null => {
      seen.push(object.kind);
      return object.metadata.name === "bad" ? ["spec.encryptedData: not sealed", "spec: odd"] : null;
    };
    const { api } = await start({ sealedSecrets: true, validate });
    objectOf(await api.request("POST", sealedSecrets, sealedSecret("good")));
    objectOf(await api.request("POST", secrets, { metadata: { name: "bad" } }));
    const refusal = refusalOf(await api.request("POST", sealedSecrets, sealedSecret("bad")), 422, "Invalid");
    assert.equal(
      refusal.message,
      'SealedSecret.bitnami.com "bad" is invalid: [spec.encryptedData: not sealed, spec: odd]',
    );
    assert.deepEqual(seen, ["SealedSecret", "SealedSecret"]);
  });

  test("refuses watch-lists as an older server does", async () => {
    const { api } = await start({ watchList: false });
    const query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    const { message } = refusalOf(await api.request("GET", `${secrets}?${query}`), 422, "Invalid");
    assert.equal(
      message,
      'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled',
    );
    assert.equal((await api.request("GET", `${secrets}?watch=true&timeoutSeconds=0`)).status, 200);
  });

  test("records requests with their user, query and time", async () => {
    const { cluster, api } = await start({ tokens: { t: "alice" } });
    const from = Date.now();
    await contractApi({ url: cluster.url, token: "t" }).request("GET", `${secrets}?limit=3`);
    await api.request("DELETE", `${secrets}/a`);
    assert.deepEqual(
      cluster.requests.map(({ method, path, user }) => [method, path, user]),
      [
        ["GET", secrets, "alice"],
        ["DELETE", `${secrets}/a`, "system:anonymous"],
      ],
    );
    assert.equal(cluster.requests[0]?.query.get("limit"), "3");
    assert.ok((cluster.requests[0]?.at ?? 0) >= from);
  });

  test("forbids what rules name until they are lifted", async () => {
    const { cluster, api } = await start();
    const lift = cluster.forbid({ verb: /^(list|watch)$/, resource: "secrets", namespace: "default" });
    refusalOf(await api.request("GET", secrets), 403, "Forbidden");
    refusalOf(await api.request("GET", `${secrets}?watch=true`), 403, "Forbidden");
    assert.equal((await api.request("GET", `${secrets}/a`)).status, 404);
    assert.equal((await api.request("GET", "/api/v1/namespaces/kube-system/secrets")).status, 200);
    assert.equal((await api.request("GET", "/api/v1/secrets")).status, 200);
    lift();
    assert.equal((await api.request("GET", secrets)).status, 200);
  });

  test("its store reads and writes past the rules, and watches see it", async () => {
    const { cluster, api } = await start();
    const reader = await api.watch(`${secrets}?watch=true`);
    const first = cluster.store.put(secret("a", { data: { k: "not base64" } }));
    assert.match(first.metadata.uid ?? "", /^[0-9a-f-]{36}$/);
    const second = cluster.store.put(secret("a", { data: {} }));
    assert.equal(second.metadata.uid, first.metadata.uid);
    assert.equal(cluster.store.get("secrets", "default", "a"), second);
    assert.deepEqual(cluster.store.list("secrets", "default"), [second]);
    assert.deepEqual(cluster.store.list("secrets", "kube-system"), []);
    assert.equal(cluster.store.delete("secrets", "default", "a"), true);
    assert.equal(cluster.store.delete("secrets", "default", "a"), false);
    assert.equal(cluster.store.get("secrets", "default", "a"), null);
    const seen = [await nextEventName(reader), await nextEventName(reader), await nextEventName(reader)];
    assert.deepEqual(seen, ["ADDED a", "MODIFIED a", "DELETED a"]);
    await reader.close();
    assert.throws(
      () => cluster.store.put({ ...secret("a"), kind: "Nothing" }),
      /no resource serves v1 Nothing/,
    );
  });

  test("its store counts a custom resource's generation", async () => {
    const { cluster } = await start({ sealedSecrets: true });
    const object = { ...sealedSecret("a"), metadata: { namespace: "default", name: "a" } } as ApiObject;
    assert.equal(cluster.store.put(object).metadata.generation, 1);
    assert.equal(cluster.store.put(object).metadata.generation, 2);
    assert.equal(
      cluster.store.put({ ...object, metadata: { ...object.metadata, generation: 7 } }).metadata.generation,
      7,
    );
  });

  test("collects what objects written past the rules owned", async () => {
    const { cluster } = await start();
    const { metadata } = cluster.store.put(secret("owner"));
    const owner = { apiVersion: "v1", kind: "Secret", name: "owner", uid: metadata.uid ?? "" };
    cluster.store.put(
      secret("owned", { metadata: { namespace: "default", name: "owned", ownerReferences: [owner] } }),
    );
    cluster.store.delete("secrets", "default", "owner");
    await until(async () => cluster.store.get("secrets", "default", "owned") === null, "collection");
  });

  test("keeps what is owned by kinds it does not serve", async () => {
    const { cluster } = await start();
    const owner = { apiVersion: "apps/v1", kind: "Deployment", name: "d", uid: "u" };
    cluster.store.put(
      secret("kept", { metadata: { namespace: "default", name: "kept", ownerReferences: [owner] } }),
    );
    cluster.store.put(
      secret("gone", {
        metadata: {
          namespace: "default",
          name: "gone",
          ownerReferences: [{ ...owner, apiVersion: "v1", kind: "Secret" }],
        },
      }),
    );
    await until(async () => cluster.store.get("secrets", "default", "gone") === null, "collection");
    assert.notEqual(cluster.store.get("secrets", "default", "kept"), null);
  });

  test("a read waits for a revision that comes in time", async () => {
    const { cluster, api } = await start();
    const { metadata } = cluster.store.put(secret("a"));
    const next = BigInt(metadata.resourceVersion ?? "") + 1n;
    const answer = api.request("GET", `${secrets}?resourceVersion=${next}`);
    while (cluster.requests.length === 0) await new Promise((resolve) => setImmediate(resolve));
    cluster.store.put(secret("b"));
    assert.equal((objectOf(await answer)["items"] as unknown[]).length, 2);
  });

  test("refuses a body above 3 MiB with 413", async () => {
    const { api } = await start();
    const body = JSON.stringify({ metadata: { name: "a" }, data: { k: "A".repeat(3 * 1024 * 1024) } });
    refusalOf(await api.request("POST", secrets, body), 413, "RequestEntityTooLarge");
  });

  test("writes a kubeconfig that only its owner reads", async () => {
    const { cluster } = await start({ tokens: { "first-token": "admin", "second-token": "alice" } });
    const folder = await mkdtemp(join(tmpdir(), "embedded-cluster-"));
    try {
      const path = await cluster.kubeconfig(join(folder, "kubeconfig"));
      assert.equal((await stat(path)).mode & 0o777, 0o600);
      type Kubeconfig = { clusters: { cluster: object }[]; users: { user: object }[] };
      const written = JSON.parse(await readFile(path, "utf8")) as Kubeconfig;
      assert.deepEqual(written.clusters[0]?.cluster, { server: cluster.url });
      assert.deepEqual(written.users[0]?.user, { token: "first-token" });
      const other = JSON.parse(
        await readFile(await cluster.kubeconfig(join(folder, "alice"), "second-token"), "utf8"),
      ) as Kubeconfig;
      assert.deepEqual(other.users[0]?.user, { token: "second-token" });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("listens on loopback alone, and no more once stopped", async () => {
    const { cluster, api } = await start();
    assert.match(cluster.url, /^http:\/\/127\.0\.0\.1:\d+$/);
    await cluster.stop();
    await assert.rejects(api.request("GET", "/readyz"), { code: "ECONNREFUSED" });
  });

  test("two of them know nothing of each other", async () => {
    const one = await start();
    const two = await startEmbeddedCluster();
    try {
      one.cluster.store.put(secret("a"));
      assert.equal(two.store.get("secrets", "default", "a"), null);
      const kubeSystem = (from: EmbeddedCluster): unknown =>
        from.store.get("namespaces", undefined, "kube-system")?.metadata.uid;
      assert.notEqual(kubeSystem(one.cluster), kubeSystem(two));
    } finally {
      await two.stop();
    }
  });
});
