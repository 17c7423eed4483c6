import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, suite, test } from "node:test";
import { systemClock } from "../../controller/runtime/clock.ts";
import { Informer, type InformerOptions } from "../../controller/runtime/informer.ts";
import { KubeApiError, KubeUnreachableError } from "../../shared/kube/api-error.ts";
import type { KubeClient, KubeObject, KubeRequest, WatchEvent } from "../../shared/kube/client.ts";
import { type KubeConfigOptions, loadKubeConfig } from "../../shared/kube/config.ts";
import { connectKube } from "../../shared/kube/http-client.ts";
import { asKubeObject } from "../../shared/kube/kube-object.ts";
import { corePath, sealedSecretPath } from "../../shared/kube/paths.ts";
import { startConnectProxy, startSocksProxy, type TunnelProxy } from "../shared/kube/tunnel-proxies.ts";
import { type ControlPlane, startControlPlane } from "../support/control-plane/control-plane.ts";
import { readObjects, sealedSecretDefinitionFile } from "../support/control-plane/object-files.ts";
import { waitUntil } from "../support/control-plane/wait-until.ts";

suite("the client on a real API server", () => {
  let cluster: ControlPlane;
  let admin: KubeClient;
  const clients: KubeClient[] = [];
  const proxies: TunnelProxy[] = [];

  async function connected(options: KubeConfigOptions, credentialsMs?: number): Promise<KubeClient> {
    const connection = await loadKubeConfig({ kubeconfig: cluster.adminKubeconfig, ...options });
    const client = connectKube(connection, {
      version: "0.0.0-test",
      ...(credentialsMs === undefined ? {} : { credentialsMs }),
    });
    clients.push(client);
    return client;
  }

  before(async () => {
    cluster = await startControlPlane({});
    admin = await connected({});
    for (const name of ["team-a", "pages", "slow-pages"])
      await admin.request({ method: "POST", path: corePath("namespaces"), body: { metadata: { name } } });
  });

  after(async () => {
    for (const client of clients) await client.close();
    for (const proxy of proxies) await proxy.close();
    await cluster?.stop();
  });

  const secret = (name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, labels },
    data,
  });
  const create = (namespace: string, body: KubeObject) =>
    admin.request({ method: "POST", path: corePath("secrets", namespace), body });

  async function refusal(client: KubeClient, request: KubeRequest): Promise<KubeApiError> {
    const error = await client.request(request).then(
      () => assert.fail("it was granted"),
      (error: unknown) => error,
    );
    assert.ok(error instanceof KubeApiError, String(error));
    return error;
  }

  async function unreachable(client: KubeClient): Promise<string> {
    const error = await client.request({ method: "GET", path: "/version" }).then(
      () => assert.fail("it was reached"),
      (error: unknown) => error,
    );
    assert.ok(error instanceof KubeUnreachableError, String(error));
    return error.message.replace(cluster.url, "URL");
  }

  async function whoAmI(client: KubeClient): Promise<{ username: string; groups: string[] }> {
    const review = await client.request({
      method: "POST",
      path: "/apis/authentication.k8s.io/v1/selfsubjectreviews",
      body: { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" },
    });
    const { userInfo } = review["status"] as { userInfo: { username: string; groups: string[] } };
    return userInfo;
  }

  test("creates, reads, updates, patches and deletes", async () => {
    const made = await create("team-a", secret("db", { k: "dg==" }));
    const path = corePath("secrets", "team-a", "db");
    assert.equal((await admin.request({ method: "GET", path })).metadata.uid, made.metadata.uid);
    const updated = await admin.request({ method: "PUT", path, body: { ...made, data: { k: "dw==" } } });
    assert.deepEqual(updated["data"], { k: "dw==" });
    const patched = await admin.request({ method: "PATCH", path, body: { data: { other: "eA==" } } });
    assert.deepEqual(patched["data"], { k: "dw==", other: "eA==" });
    const conflict = await refusal(admin, { method: "PUT", path, body: made });
    assert.deepEqual([conflict.status, conflict.reason, conflict.retryable], [409, "Conflict", true]);
    await admin.request({ method: "DELETE", path, body: { preconditions: { uid: made.metadata.uid } } });
    const gone = await refusal(admin, { method: "GET", path });
    assert.equal(
      gone.message,
      'cannot get secrets "db" in namespace "team-a": the API server answered 404 NotFound',
    );
  });

  test("an invalid object is told of by its fields, not by what is in them", async () => {
    const error = await refusal(admin, {
      method: "POST",
      path: corePath("secrets", "team-a"),
      body: { ...secret("Bad_Name"), type: "kubernetes.io/tls", data: { "tls.crt": "Y2FuYXJ5" } },
    });
    assert.deepEqual([error.status, error.reason], [422, "Invalid"]);
    assert.deepEqual(error.fields, ["metadata.name", "data[tls.key]"]);
    assert.equal(error.retryable, false);
  });

  test("what RBAC forbids is told as such", async () => {
    const alice = await connected({ kubeconfig: await cluster.kubeconfigFor({ user: "alice" }, "team-a") });
    assert.equal(alice.namespace, "team-a");
    const error = await refusal(alice, { method: "GET", path: corePath("secrets", "team-a") });
    assert.equal(
      error.message,
      'cannot list secrets in namespace "team-a": the API server answered 403 Forbidden',
    );
    assert.match(error.hint, /auth can-i/);
    const watching = alice.watch({ method: "GET", path: corePath("secrets", "team-a") });
    await assert.rejects(watching[Symbol.asyncIterator]().next(), /cannot watch secrets .* 403 Forbidden/);
  });

  test("a token file that is written anew is taken up after the 401", async () => {
    const tokenFile = join(cluster.folder, "rotated-token");
    const kubeconfig = join(cluster.folder, "token-file-kubeconfig");
    await writeFile(tokenFile, "no-longer-valid\n");
    const text = await readFile(cluster.adminKubeconfig, "utf8");
    const changed = text.replace(cluster.adminToken, "unused").replace(/(\s|")token("?):/, "$1tokenFile$2:");
    await writeFile(kubeconfig, changed.replace(/unused/, tokenFile), { mode: 0o600 });
    const client = await connected({ kubeconfig }, 3_600_000);
    const error = await refusal(client, { method: "GET", path: corePath("namespaces") });
    assert.deepEqual([error.status, error.reason], [401, "Unauthorized"]);
    await writeFile(tokenFile, await cluster.tokenFor({ user: "bob" }));
    assert.equal((await whoAmI(client)).username, "bob");
  });

  test("impersonation: user and several groups", async () => {
    const client = await connected({ as: "carol", asGroups: ["g1", "g2"] });
    const { username, groups } = await whoAmI(client);
    assert.equal(username, "carol");
    assert.deepEqual(groups.toSorted(), ["g1", "g2", "system:authenticated"]);
  });

  test("a server that another authority vouches for is not trusted", async () => {
    const other = join(cluster.folder, "other-ca.pem");
    // Some certificate that is not in the server's chain.
    await writeFile(other, await foreignCertificate());
    assert.match(
      await unreachable(await connected({ certificateAuthority: other })),
      /^cannot reach the API server URL: the server's certificate is not trusted \([A-Z_]+\)$/,
    );
    assert.match(
      await unreachable(await connected({ tlsServerName: "elsewhere.example" })),
      /not trusted \(ERR_TLS_CERT_ALTNAME_INVALID\)$/,
    );
    await writeFile(other, "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
    assert.match(
      await unreachable(await connected({ certificateAuthority: other })),
      /the certificate authority, client certificate or key cannot be read|not trusted/,
    );
  });

  test("an authority that is written anew is taken up without a new client", async () => {
    const certificateAuthority = join(cluster.folder, "changing-ca.pem");
    await writeFile(certificateAuthority, await foreignCertificate());
    const client = await connected({ certificateAuthority }, 0);
    assert.match(await unreachable(client), /not trusted/);
    await writeFile(certificateAuthority, cluster.ca);
    assert.equal((await client.request({ method: "GET", path: "/version" }))["major"], "1");
    // A watch from before the next change goes on, and still ends with close.
    const watch = client.watch({ method: "GET", path: corePath("namespaces") })[Symbol.asyncIterator]();
    assert.equal((await watch.next()).value?.type, "ADDED");
    await writeFile(certificateAuthority, `${cluster.ca}\n${await foreignCertificate()}`);
    await client.request({ method: "GET", path: "/version" });
    const end = readOn(watch);
    await admin.request({
      method: "POST",
      path: corePath("namespaces"),
      body: { metadata: { name: "late" } },
    });
    await waitUntil({ what: "the late namespace" }, () => (end.names.includes("late") ? true : null));
    const broken = assert.rejects(end.over, KubeUnreachableError);
    await client.close();
    await broken;
  });

  test("verification can be turned off by hand", async () => {
    const client = await connected({ insecureSkipTlsVerify: true });
    assert.equal((await client.request({ method: "GET", path: "/version" }))["major"], "1");
  });

  test("through a proxy: CONNECT and SOCKS 5", async () => {
    for (const [scheme, proxy] of [
      ["http", await startConnectProxy()],
      ["socks5", await startSocksProxy()],
    ] as const) {
      proxies.push(proxy);
      const client = await connected({ proxyUrl: `${scheme}://127.0.0.1:${proxy.port}` }, 0);
      assert.equal((await whoAmI(client)).username, (await whoAmI(admin)).username, scheme);
      await client.request({ method: "GET", path: "/version" });
      assert.ok(proxy.tunnels() >= 1, scheme);
      await client.close();
    }
  });

  test("a watched object of almost 1 MiB arrives as it is, letters of several bytes included", async () => {
    const aborting = new AbortController();
    const text = "zażółć 🦑 ".repeat(50_000);
    const path = corePath("configmaps", "team-a");
    const watching = (async () => {
      for await (const { type, object } of admin.watch({
        method: "GET",
        path,
        query: { fieldSelector: "metadata.name=big" },
        signal: aborting.signal,
      })) {
        assert.equal(type, "ADDED");
        return object;
      }
      return null;
    })();
    await admin.request({ method: "POST", path, body: { metadata: { name: "big" }, data: { text } } });
    const seen = await watching;
    aborting.abort();
    assert.ok(isDeepEqual(seen?.["data"], { text }));
  });

  test("a version from the future is refused by a list with the wait that the server asks for", async () => {
    const error = await refusal(admin, {
      method: "GET",
      path: corePath("secrets"),
      query: { resourceVersion: "999999999" },
    });
    assert.deepEqual(
      [error.status, error.reason, error.retryAfterSeconds, error.retryable],
      [504, "Timeout", 1, true],
    );
  });

  /** Follows the Secrets of a namespace while the callback runs. */
  async function following(
    options: Partial<InformerOptions<string>>,
    during: (informer: Informer<string>, told: string[]) => Promise<void>,
  ): Promise<void> {
    const told: string[] = [];
    const informer = new Informer<string>({
      client: admin,
      clock: systemClock,
      path: corePath("secrets", "pages"),
      parse: (object) => JSON.stringify(object["data"] ?? null),
      backoff: { baseMs: 10, capMs: 100 },
      ...options,
    });
    informer.subscribe({
      onAdd: (key, _, initial) => told.push(`${initial ? "initial" : "add"} ${key}`),
      onUpdate: (key) => told.push(`update ${key}`),
      onDelete: (key) => told.push(`delete ${key}`),
    });
    const stopping = new AbortController();
    const run = informer.run(stopping.signal);
    try {
      await informer.synced;
      await during(informer, told);
    } finally {
      stopping.abort();
      await run;
    }
  }
  const toldOf = (told: string[], what: string) =>
    waitUntil({ what, everyMs: 5 }, () => (told.includes(what) ? true : null));

  test("an informer pages through a list and follows what changes", async () => {
    for (let i = 10; i < 35; i++) await create("pages", secret(`s${i}`, { k: "dg==" }));
    await following({ pageSize: 10 }, async (informer, told) => {
      assert.equal(informer.size, 25);
      assert.deepEqual(
        told.toSorted(),
        Array.from({ length: 25 }, (_, i) => `initial pages/s${i + 10}`),
      );
      told.length = 0;
      const made = await create("pages", secret("new", { k: "eA==" }));
      await toldOf(told, "add pages/new");
      assert.equal(informer.get("pages/new"), '{"k":"eA=="}');
      const version = informer.resourceVersion ?? "";
      assert.ok(BigInt(version) >= BigInt(made.metadata.resourceVersion ?? ""));
      const path = corePath("secrets", "pages", "new");
      await admin.request({ method: "PATCH", path, body: { data: { k: "eQ==" } } });
      await toldOf(told, "update pages/new");
      assert.equal(informer.get("pages/new"), '{"k":"eQ=="}');
      await admin.request({ method: "DELETE", path });
      await toldOf(told, "delete pages/new");
      assert.deepEqual([told.length, informer.lists], [3, 1]);
    });
  });

  test("what happens between two pages counts, whatever the pages say", async () => {
    for (let i = 10; i < 20; i++) await create("slow-pages", secret(`s${i}`, { k: "dg==" }));
    const { promise: gate, resolve: open } = Promise.withResolvers<void>();
    const client: Pick<KubeClient, "request" | "watch"> = {
      request: async (request) => {
        if (request.query?.["continue"] !== undefined) await gate;
        return admin.request(request);
      },
      watch: (request) => admin.watch(request),
    };
    const told: string[] = [];
    const informer = new Informer<string>({
      client,
      clock: systemClock,
      path: corePath("secrets", "slow-pages"),
      parse: (object) => `${object.metadata.resourceVersion} ${object.metadata.uid}`,
      pageSize: 4,
    });
    informer.subscribe({
      onAdd: (key, _, initial) => told.push(`${initial ? "initial" : "add"} ${key.slice(-3)}`),
      onUpdate: (key) => told.push(`update ${key.slice(-3)}`),
      onDelete: (key) => told.push(`delete ${key.slice(-3)}`),
    });
    const stopping = new AbortController();
    const run = informer.run(stopping.signal);
    try {
      const path = (name: string) => corePath("secrets", "slow-pages", name);
      await toldOf(told, "initial s13");
      await admin.request({ method: "DELETE", path: path("s18") });
      await admin.request({ method: "DELETE", path: path("s17") });
      await create("slow-pages", secret("s17"));
      await admin.request({ method: "PATCH", path: path("s16"), body: { data: { k: "eQ==" } } });
      await admin.request({ method: "DELETE", path: path("s10") });
      await create("slow-pages", secret("s99"));
      await toldOf(told, "add s99");
      assert.deepEqual(told.slice(4), ["add s17", "add s16", "delete s10", "add s99"]);
      assert.equal(informer.hasSynced, false);
      open();
      await informer.synced;
      assert.deepEqual(told.slice(8), ["initial s14", "initial s15", "initial s19"]);
      const listed = await admin.request({ method: "GET", path: corePath("secrets", "slow-pages") });
      const items = Array.isArray(listed["items"]) ? listed["items"].map(asKubeObject) : [];
      assert.deepEqual(
        [...informer.entries()].toSorted(),
        items.map((item) => [
          `slow-pages/${item?.metadata.name}`,
          `${item?.metadata.resourceVersion} ${item?.metadata.uid}`,
        ]),
      );
    } finally {
      open();
      stopping.abort();
      await run;
    }
  });

  test("metadata only: no data reaches us, in lists and watches", async () => {
    await create("pages", secret("listed", { k: "dg==" }, { pick: "me" }));
    await following({ metadataOnly: true, labelSelector: "pick=me" }, async (informer, told) => {
      await create("pages", secret("watched", { k: "dg==" }, { pick: "me" }));
      await toldOf(told, "add pages/watched");
      assert.deepEqual(
        [...informer.entries()],
        [
          ["pages/listed", "null"],
          ["pages/watched", "null"],
        ],
      );
    });
  });

  /** The admin's client, whose first watch asks for another resourceVersion. */
  function firstWatchingFrom(resourceVersion: string): Pick<KubeClient, "request" | "watch"> {
    let first = true;
    return {
      request: (request) => admin.request(request),
      watch: (request) => {
        const query = first ? { ...request.query, resourceVersion } : request.query;
        first = false;
        return admin.watch({ ...request, ...(query === undefined ? {} : { query }) });
      },
    };
  }

  test("a version that is too old is answered by another list", async () => {
    // The server remembers nothing of a custom resource from before its definition.
    await cluster.apply(await readObjects(sealedSecretDefinitionFile));
    const path = sealedSecretPath("pages");
    const sealed = {
      apiVersion: "bitnami.com/v1alpha1",
      kind: "SealedSecret",
      metadata: { name: "late" },
      spec: { encryptedData: { k: "AgB" } },
    };
    const errors: unknown[] = [];
    const options = {
      client: firstWatchingFrom("1"),
      path,
      onError: (error: unknown) => errors.push(error),
    };
    await following(options, async (informer, told) => {
      await waitUntil({ what: "a second list" }, () => (informer.lists >= 2 ? true : null));
      await admin.request({ method: "POST", path, body: sealed });
      await toldOf(told, "add pages/late");
      assert.deepEqual(errors, []);
    });
  });

  test("a version from the future brings silence, which another list ends", async () => {
    const options = { client: firstWatchingFrom("999999999"), idleMs: 1_000 };
    await following(options, async (informer, told) => {
      await waitUntil({ what: "a second list" }, () => (informer.lists >= 2 ? true : null));
      await create("pages", secret("after-silence"));
      await toldOf(told, "add pages/after-silence");
    });
  });
});

/** Reads a watch to its end, in the background. */
function readOn(watch: AsyncIterator<WatchEvent>): { names: string[]; over: Promise<void> } {
  const names: string[] = [];
  const over = (async () => {
    for (let next = await watch.next(); next.done !== true; next = await watch.next())
      names.push(next.value.object.metadata.name ?? "");
  })();
  return { names, over };
}

function isDeepEqual(a: unknown, b: unknown): boolean {
  // The assertion's own message would print a megabyte.
  return JSON.stringify(a) === JSON.stringify(b);
}

async function foreignCertificate(): Promise<string> {
  const { default: forge } = await import("node-forge");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = forge.pki.privateKeyFromPem(privateKey.export({ type: "pkcs1", format: "pem" }).toString());
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.setRsaPublicKey(key.n, key.e);
  certificate.serialNumber = "01";
  certificate.validity.notBefore = new Date(Date.now() - 60_000);
  certificate.validity.notAfter = new Date(Date.now() + 3_600_000);
  certificate.setSubject([{ name: "commonName", value: "another authority" }]);
  certificate.setIssuer([{ name: "commonName", value: "another authority" }]);
  certificate.setExtensions([{ name: "basicConstraints", cA: true }]);
  certificate.sign(key, forge.md.sha256.create());
  return forge.pki.certificateToPem(certificate);
}
