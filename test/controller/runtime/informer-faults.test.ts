import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { systemClock } from "../../../controller/runtime/clock.ts";
import { Informer, type InformerOptions } from "../../../controller/runtime/informer.ts";
import type { KubeClient } from "../../../shared/kube/client.ts";
import { connectKube } from "../../../shared/kube/http-client.ts";
import { corePath } from "../../../shared/kube/paths.ts";
import { type EmbeddedCluster, startEmbeddedCluster } from "../../embedded-cluster/embedded-cluster.ts";
import { waitUntil } from "../../support/control-plane/wait-until.ts";

type Rig = {
  cluster: EmbeddedCluster;
  client: KubeClient;
  informer: Informer<string>;
  /** The cache as told to a subscriber, which must be what the informer itself holds. */
  mirror: Map<string, string>;
  errors: unknown[];
  /** Waits until cache, mirror and cluster agree. */
  agree: () => Promise<void>;
};

const NAMESPACES = ["a", "b"];

async function following(
  during: (rig: Rig) => Promise<void>,
  options: Partial<InformerOptions<string>> & {
    before?: (cluster: EmbeddedCluster) => void;
    bookmarkIntervalMs?: number;
  } = {},
): Promise<void> {
  const cluster = await startEmbeddedCluster({ bookmarkIntervalMs: options.bookmarkIntervalMs ?? 100 });
  for (const namespace of NAMESPACES) cluster.store.ensureNamespace(namespace);
  options.before?.(cluster);
  const client = connectKube(
    { source: "the test", context: null, namespace: null, cluster: { server: cluster.url }, user: {} },
    { version: "0" },
  );
  const mirror = new Map<string, string>();
  const errors: unknown[] = [];
  const informer = new Informer<string>({
    client,
    clock: systemClock,
    path: corePath("secrets"),
    parse: (object) => `${object.metadata.resourceVersion} ${JSON.stringify(object["data"])}`,
    backoff: { baseMs: 5, capMs: 40 },
    pageSize: 7,
    onError: (error) => errors.push(error),
    ...options,
  });
  const add = (key: string, now: string) => {
    if (mirror.has(key)) errors.push(new Error(`${key} was added twice`));
    mirror.set(key, now);
  };
  informer.subscribe({
    onAdd: add,
    onUpdate: (key, before, now) => {
      if (mirror.get(key) !== before) errors.push(new Error(`${key} was not ${before}`));
      mirror.set(key, now);
    },
    onDelete: (key) => {
      if (!mirror.delete(key)) errors.push(new Error(`${key} was deleted twice`));
    },
  });
  const stopping = new AbortController();
  const run = informer.run(stopping.signal);
  const agree = () =>
    waitUntil({ what: "cache and cluster to agree", everyMs: 5 }, () => {
      const held = new Map(informer.entries());
      const stored = contents(cluster);
      return same(held, stored) && same(mirror, stored) ? true : null;
    }).then(() => undefined);
  try {
    await during({ cluster, client, informer, mirror, errors, agree });
    for (const error of errors) assert.doesNotMatch(String(error), /twice|was not/);
  } finally {
    stopping.abort();
    await run;
    await client.close();
    await cluster.stop();
  }
}

function contents(cluster: EmbeddedCluster): Map<string, string> {
  return new Map(
    NAMESPACES.flatMap((namespace) => cluster.store.list("secrets", namespace)).map((object) => [
      `${object.metadata.namespace}/${object.metadata.name}`,
      `${object.metadata.resourceVersion} ${JSON.stringify(object["data"])}`,
    ]),
  );
}

function same(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([key, value]) => b.get(key) === value);
}

/** Writes, changes and deletes Secrets, the same each time it is called with the same number. */
function churn(cluster: EmbeddedCluster, rounds: number, start = 0): void {
  for (let i = start; i < start + rounds; i++) {
    const namespace = NAMESPACES[i % 2] ?? "a";
    const name = `s${(i * 7) % 23}`;
    if (i % 5 === 4) {
      if (cluster.store.get("secrets", namespace, name) !== null)
        cluster.store.delete("secrets", namespace, name);
    } else {
      const data = { k: Buffer.from(`v${i}`).toString("base64") };
      cluster.store.put({ apiVersion: "v1", kind: "Secret", metadata: { namespace, name }, data });
    }
  }
}

describe("informer against a cluster that misbehaves", () => {
  test("many pages, then a stream of changes", async () => {
    await following(
      async ({ cluster, informer, agree }) => {
        await informer.synced;
        await agree();
        assert.ok(cluster.requests.filter(({ query }) => query.has("continue")).length >= 2);
        for (let i = 0; i < 10; i++) {
          churn(cluster, 20, 100 + i * 20);
          await sleep(2);
        }
        await agree();
        assert.equal(informer.lists, 1);
      },
      { before: (cluster) => churn(cluster, 100) },
    );
  });

  for (const how of ["end", "reset"] as const)
    test(`watches that ${how} all the time`, async () => {
      await following(async ({ cluster, informer, agree }) => {
        await informer.synced;
        for (let i = 0; i < 15; i++) {
          churn(cluster, 11, i * 11);
          cluster.dropWatches(how, "secrets");
          churn(cluster, 3, i * 11 + 5);
          await sleep(10);
        }
        await agree();
        if (how === "end") assert.equal(informer.lists, 1);
      });
    });

  test("compaction while nobody watches: a list tells the differences", async () => {
    await following(async ({ cluster, informer, agree }) => {
      churn(cluster, 40);
      await agree();
      const lift = cluster.forbid({ verb: "watch", resource: "secrets" });
      cluster.dropWatches("reset", "secrets");
      churn(cluster, 60, 40);
      cluster.compact();
      lift();
      await agree();
      assert.ok(informer.lists >= 2);
    });
  });

  test("answers of 500, 429 and resets, of lists and watches", async () => {
    await following(async ({ cluster, agree, errors }) => {
      await agree();
      for (let i = 0; i < 12; i++) {
        const path = /\/secrets$/;
        const faults = [
          cluster.faults.add({ path, times: 1, status: 500 }),
          cluster.faults.add({ path, times: 1, effect: "reset" }),
          cluster.faults.add({ path, times: 1, status: 503, effect: "reset", afterServing: true }),
        ];
        churn(cluster, 9, i * 9);
        if (i % 3 === 0) cluster.compact();
        cluster.dropWatches(i % 2 === 0 ? "end" : "reset", "secrets");
        await waitUntil({ what: "the faults to strike", everyMs: 2 }, () =>
          faults.every(({ struck }) => struck > 0) ? true : null,
        );
      }
      cluster.faults.clear();
      await agree();
      assert.ok(errors.length > 0);
    });
  });

  test("a refused list is asked for until it is granted", async () => {
    let lift = () => {};
    await following(
      async ({ informer, agree, errors }) => {
        await waitUntil({ what: "some refusals", everyMs: 2 }, () => (errors.length >= 3 ? true : null));
        assert.equal(informer.hasSynced, false);
        lift();
        await agree();
        assert.ok(informer.hasSynced);
      },
      {
        before: (cluster) => {
          churn(cluster, 30);
          lift = cluster.forbid({ verb: "list", resource: "secrets" });
        },
      },
    );
  });

  test("a watch that says nothing is given up and the list read again", async () => {
    await following(
      async ({ cluster, informer, agree, errors }) => {
        await waitUntil({ what: "lists", everyMs: 5 }, () => (informer.lists >= 3 ? true : null));
        churn(cluster, 20);
        await agree();
        assert.deepEqual(errors, []);
      },
      { idleMs: 100, bookmarkIntervalMs: 3_600_000 },
    );
  });

  test("bookmarks keep a quiet watch alive", async () => {
    await following(
      async ({ cluster, informer }) => {
        await informer.synced;
        await sleep(2_500);
        assert.equal(informer.lists, 1);
        assert.equal(cluster.requests.filter(({ query }) => query.has("watch")).length, 1);
      },
      { idleMs: 2_000, bookmarkIntervalMs: 50 },
    );
  });

  const nextPages = { path: /\/secrets$/, query: /continue=/ };
  const put = (cluster: EmbeddedCluster, name: string, data: string) =>
    void cluster.store.put({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { namespace: "a", name },
      data: { k: Buffer.from(data).toString("base64") },
    });

  test("while the pages come slowly, changes are told of at once, and pages do not undo them", async () => {
    await following(
      async ({ cluster, informer, mirror, agree }) => {
        const told = (what: string, judge: () => boolean) =>
          waitUntil({ what, everyMs: 2 }, () => (judge() ? true : null));
        await told("the first page", () => mirror.size > 0);
        put(cluster, "fresh", "1");
        await told("a fresh object", () => mirror.has("a/fresh"));
        put(cluster, "s19", "changed");
        await told("a changed one", () => mirror.has("a/s19"));
        cluster.store.delete("secrets", "a", "s18");
        cluster.store.delete("secrets", "a", "fresh");
        await told("a deleted one", () => !mirror.has("a/fresh"));
        assert.equal(informer.hasSynced, false);
        await agree();
        assert.deepEqual([informer.hasSynced, informer.lists], [true, 1]);
      },
      {
        before: (cluster) => {
          for (let i = 10; i < 30; i++) put(cluster, `s${i}`, "1");
          cluster.faults.add({ ...nextPages, delayMs: 300 });
        },
      },
    );
  });

  test("tokens gone between two pages: the list begins anew, in one piece", async () => {
    await following(
      async ({ cluster, informer, mirror, agree }) => {
        await waitUntil({ what: "the first page", everyMs: 2 }, () => (mirror.size > 0 ? true : null));
        churn(cluster, 15, 200);
        cluster.compact();
        await agree();
        assert.equal(informer.lists, 1);
        const whole = cluster.requests.filter(
          ({ query }) => !query.has("watch") && !query.has("limit") && !query.has("continue"),
        );
        assert.equal(whole.length, 1);
      },
      {
        before: (cluster) => {
          churn(cluster, 60);
          cluster.faults.add({ ...nextPages, delayMs: 100 });
        },
      },
    );
  });

  test("a watch refused while the list is read", async () => {
    let lift = () => {};
    await following(
      async ({ cluster, informer, agree, errors }) => {
        await informer.synced;
        churn(cluster, 10, 100);
        await waitUntil({ what: "refusals", everyMs: 2 }, () => (errors.length >= 2 ? true : null));
        assert.equal(informer.lists, 1);
        lift();
        await agree();
      },
      {
        before: (cluster) => {
          churn(cluster, 60);
          lift = cluster.forbid({ verb: "watch", resource: "secrets" });
        },
      },
    );
  });

  test("the server killed between two pages, watch and all", async () => {
    await following(
      async ({ cluster, informer, mirror, agree, errors }) => {
        await waitUntil({ what: "the first page", everyMs: 2 }, () => (mirror.size > 0 ? true : null));
        cluster.faults.clear();
        const down = cluster.faults.add({ path: /\/secrets$/, effect: "reset" });
        cluster.dropWatches("reset", "secrets");
        churn(cluster, 20, 100);
        await waitUntil({ what: "requests in vain", everyMs: 2 }, () => (down.struck >= 3 ? true : null));
        assert.equal(informer.hasSynced, false);
        assert.ok(errors.length > 0);
        down.remove();
        await agree();
        assert.equal(informer.lists, 1);
      },
      {
        before: (cluster) => {
          churn(cluster, 60);
          cluster.faults.add({ ...nextPages, delayMs: 50, effect: "reset" });
        },
      },
    );
  });

  test("ended in the middle of its pages: nothing is left open", async () => {
    await following(
      async ({ cluster, client, mirror }) => {
        const stopping = new AbortController();
        const other = new Informer<string>({
          client,
          clock: systemClock,
          path: corePath("secrets"),
          parse: () => "",
          pageSize: 7,
        });
        const run = other.run(stopping.signal);
        await waitUntil({ what: "both watches", everyMs: 2 }, () => (cluster.watchCount === 2 ? true : null));
        assert.equal(other.hasSynced, false);
        stopping.abort();
        await run;
        await waitUntil({ what: "one watch", everyMs: 2 }, () => (cluster.watchCount === 1 ? true : null));
        assert.ok(mirror.size > 0);
      },
      {
        before: (cluster) => {
          churn(cluster, 60);
          cluster.faults.add({ ...nextPages, delayMs: 500 });
        },
      },
    );
  });

  test("metadata only, by label", async () => {
    await following(
      async ({ cluster, informer }) => {
        await informer.synced;
        const wait = (keys: string[]) =>
          waitUntil({ what: keys.join(), everyMs: 5 }, () =>
            JSON.stringify([...informer.entries()]) === JSON.stringify(keys.map((key) => [key, "undefined"]))
              ? true
              : null,
          );
        await wait(["a/listed"]);
        const labelled = (name: string, labels: Record<string, string>) =>
          cluster.store.put({
            apiVersion: "v1",
            kind: "Secret",
            metadata: { namespace: "a", name, labels },
            data: { k: "dg==" },
          });
        labelled("other", {});
        labelled("seen", { pick: "me" });
        await wait(["a/listed", "a/seen"]);
        labelled("listed", {});
        await wait(["a/seen"]);
      },
      {
        metadataOnly: true,
        labelSelector: "pick=me",
        parse: (object) => String(object["data"]),
        before: (cluster) =>
          void cluster.store.put({
            apiVersion: "v1",
            kind: "Secret",
            metadata: { namespace: "a", name: "listed", labels: { pick: "me" } },
            data: { k: "dg==" },
          }),
      },
    );
  });
});
