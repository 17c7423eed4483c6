import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { waitForSync } from "../../../cli/status/wait-for-sync.ts";
import { KubeUnreachableError } from "../../../shared/kube/api-error.ts";
import type { WatchEvent } from "../../../shared/kube/client.ts";
import type { ApiObject } from "../../embedded-cluster/api-object.ts";
import { lookUntil, settledWithin } from "../../support/look-until.ts";
import type { MemoryRun } from "../../support/memory-io.ts";
import { patienceMs } from "../../support/patience.ts";
import { type StatusWorld, sealedSecret, statusWorld, TOLD } from "./status-world.ts";

const boundMs = patienceMs(10_000);
const DB = { namespace: "shop", name: "db", wanted: null, mayGo: false };

/** Runs `signet wait`, and gives what it says, line by line, as it comes. */
function waiting(world: StatusWorld, args: readonly string[], files: Readonly<Record<string, string>> = {}) {
  const said: string[] = [];
  let hasEnded = false;
  const run = world.signet(["wait", ...args], files, said).finally(() => {
    hasEnded = true;
  });
  const says = (text: string) =>
    lookUntil({ what: text, boundMs, told: () => said }, () => {
      if (said.some((line) => line.includes(text))) return true;
      assert.ok(!hasEnded, `it ended and did not say: ${text}`);
      return false;
    });
  return { ended: settledWithin({ what: "the end", boundMs, told: () => said }, run), says };
}

function succeeded({ code, stdout, stderr }: MemoryRun): string[] {
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "");
  return stderr.trimEnd().split("\n");
}

suite("wait", () => {
  test("for what is in sync already", async (context) => {
    const world = await statusWorld(context);
    world.put(sealedSecret("shop", "db", TOLD.inSync), sealedSecret("shop", "api", TOLD.ofReference));
    const lines = succeeded(await world.signet(["wait", "-n", "shop", "db", "api"]));
    assert.deepEqual(lines.sort(), [
      "shop/api: in sync",
      "shop/db: in sync",
      "waiting for shop/db, shop/api, 5m at most",
    ]);
    assert.deepEqual(
      world.cluster.requests.map(({ method, path, query }) => [method, path, query.get("watch")]),
      [
        ["GET", "/version", null],
        ["GET", "/apis/bitnami.com/v1alpha1/namespaces/shop/sealedsecrets", "true"],
      ],
    );
  });

  test("until one that is not there yet was made and looked at", async (context) => {
    const world = await statusWorld(context);
    const { ended, says } = waiting(world, ["-n", "shop", "db"]);
    await lookUntil({ what: "the watch", boundMs }, () => world.cluster.watchCount === 1);
    world.put(sealedSecret("shop", "other", TOLD.failed), sealedSecret("shop", "db", null));
    await says("shop/db: waits: no controller has looked at it");
    world.put(sealedSecret("shop", "db", { ...TOLD.inSync, looked: 1 }, { generation: 2 }));
    await says("generation 1 last, and this is 2");
    world.put(sealedSecret("shop", "db", TOLD.retrying, { generation: 2 }));
    await says("shop/db: waits: KeyServiceUnavailable: AWS KMS does not answer");
    world.cluster.dropWatches();
    world.put(sealedSecret("shop", "db", TOLD.inSync, { generation: 2 }));
    assert.equal(succeeded(await ended).at(-1), "shop/db: in sync");
  });

  test("ends early for one that failed, and for the others with it", async (context) => {
    const world = await statusWorld(context);
    world.put(sealedSecret("team", "db", TOLD.failed));
    const files = {
      "a.json": JSON.stringify(sealedSecret("shop", "api", null)),
      "b.json": JSON.stringify(sealedSecret("team", "db", null)),
    };
    const { code, stderr } = await waiting(world, ["-f", "a.json,b.json"], files).ended;
    assert.equal(code, 1);
    assert.equal(
      stderr,
      "waiting for shop/api, team/db, 5m at most\nerror: team/db will not come to be in sync: UnsealFailed: no key could decrypt secret (password)\nhint: correct what it names and apply it again; kubectl get sealedsecret -n team db -o yaml | signet explain tells of each item\n",
    );
  });

  test("with --for=synced a Secret in sync will do", async (context) => {
    const world = await statusWorld(context);
    world.put(sealedSecret("shop", "db", TOLD.retrying));
    succeeded(await world.signet(["wait", "-n", "shop", "--for=synced", "db"]));
  });

  test("for files until the cluster holds what they hold; what failed before does not count", async (context) => {
    const world = await statusWorld(context);
    world.put(sealedSecret("shop", "db", TOLD.failed, { value: "older" }));
    const wanted = JSON.stringify(sealedSecret("shop", "db", null, { value: "newer" }));
    const { ended, says } = waiting(world, ["-f", "db.json"], { "db.json": wanted });
    await says("shop/db: waits: the cluster holds another version than the file");
    world.put(sealedSecret("shop", "db", TOLD.inSync, { value: "newer", generation: 2 }));
    assert.equal(succeeded(await ended).at(-1), "shop/db: in sync");
  });

  test("for all that a namespace has", async (context) => {
    const world = await statusWorld(context);
    world.put(sealedSecret("shop", "a", TOLD.inSync), sealedSecret("shop", "b", TOLD.inSync));
    assert.equal(succeeded(await world.signet(["wait", "-n", "shop", "--all"])).length, 3);
    const none = await world.signet(["wait", "-n", "team", "--all"]);
    assert.equal(none.code, 1);
    assert.match(none.stderr, /^error: no SealedSecret in the namespace team\nhint: ./);
  });

  test("names each that is left when the time is over, with its reason and the next step", async (context) => {
    const world = await statusWorld(context);
    const { code, stderr } = await world.signet(["wait", "--timeout=1ms", "-n", "shop", "db", "a b"]);
    assert.equal(code, 1);
    assert.deepEqual(stderr.split("\n"), [
      "waiting for shop/db, shop/a b, 1ms at most",
      "shop/db: not in sync: it is not there",
      "    see that it was applied: kubectl get sealedsecret -n shop db",
      "shop/a b: not in sync: it is not there",
      "    see that it was applied: kubectl get sealedsecret -n shop 'a b'",
      "error: 2 SealedSecrets are not in sync after 1ms",
      "hint: do what stands below each, or give a longer --timeout",
      "",
    ]);
  });

  test("a time that is longer than a timer's is none that is over at once", async (context) => {
    const world = await statusWorld(context);
    const { ended, says } = waiting(world, ["-n", "shop", "--timeout=9000h", "db"]);
    world.put(sealedSecret("shop", "db", null));
    await says("shop/db: waits: no controller has looked at it");
    world.put(sealedSecret("shop", "db", TOLD.inSync));
    const [first] = succeeded(await ended);
    assert.equal(first, "waiting for shop/db, 9000h at most");
  });

  test("of all that a namespace has it waits no longer for what is deleted; what was named may come again", async (context) => {
    const world = await statusWorld(context);
    world.put(sealedSecret("shop", "a", TOLD.inSync), sealedSecret("shop", "db", null));
    const all = waiting(world, ["-n", "shop", "--all", "--timeout=0"]);
    const named = waiting(world, ["-n", "shop", "db"]);
    await all.says("shop/db: waits: no controller");
    await named.says("shop/db: waits: no controller");
    world.cluster.store.delete("sealedsecrets.bitnami.com", "shop", "db");
    assert.ok(succeeded(await all.ended).includes("shop/db: deleted"));
    await named.says("shop/db: waits: it is not there");
    world.put(sealedSecret("shop", "db", TOLD.inSync));
    assert.equal(succeeded(await named.ended).at(-1), "shop/db: in sync");
  });

  test("says what right is missing", async (context) => {
    const world = await statusWorld(context);
    world.cluster.forbid({ verb: "watch" });
    const { code, stderr } = await world.signet(["wait", "db"]);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^waiting for .*\nerror: cannot watch sealedsecrets.*403 Forbidden\nhint: grant the right/,
    );
  });

  test("without a cluster it does not wait for one", async (context) => {
    const world = await statusWorld(context);
    await world.cluster.stop();
    const { code, stderr } = await waiting(world, ["db"]).ended;
    assert.equal(code, 1);
    assert.match(stderr, /^waiting for .*\nerror: cannot reach the API server .*\nhint: ./);
  });

  for (const [what, args, says] of [
    ["nothing to wait for", [], /not said what to wait for/],
    ["two ways", ["--all", "db"], /or in several ways\nhint: write signet wait NAME/],
    ["another state", ["--for=done", "db"], /unknown state to wait for: done/],
    ["a time that is none", ["--timeout=soon", "db"], /for --timeout\nhint: write a number with its unit/],
  ] as const) {
    test(`refuses ${what}`, async (context) => {
      const { cluster, signet } = await statusWorld(context);
      const { code, stderr } = await signet(["wait", ...args]);
      assert.equal(code, 2);
      assert.match(stderr, says);
      assert.equal(cluster.requests.length, 0);
    });
  }

  test("two files with one object are refused", async (context) => {
    const { signet } = await statusWorld(context);
    const one = JSON.stringify(sealedSecret("shop", "db", null));
    const { code, stderr } = await signet(["wait", "-f", "a.json,b.json"], { "a.json": one, "b.json": one });
    assert.equal(code, 1);
    assert.match(stderr, /^error: the files hold two SealedSecrets shop\/db/);
  });
});

suite("a watch", () => {
  /** A client whose watches bring these, one list of events after another; an error is thrown where it stands. */
  function scripted(watches: readonly (readonly (WatchEvent | Error)[])[]) {
    const asked: (Readonly<Record<string, string>> | undefined)[] = [];
    const client = {
      async *watch({ query }: { query?: Readonly<Record<string, string>> }): AsyncGenerator<WatchEvent> {
        asked.push(query);
        for (const event of watches[asked.length - 1] ?? assert.fail("asked too often")) {
          if (event instanceof Error) throw event;
          yield event;
        }
      },
    };
    return { client, asked };
  }
  const added = (object: ApiObject): WatchEvent => ({
    type: "ADDED",
    object: object as WatchEvent["object"],
  });
  const rest = { until: "ready", signal: new AbortController().signal, tell: () => {} } as const;

  test("that ends or breaks is opened anew, after a pause; deletions are seen", async () => {
    const said: string[] = [];
    let pauses = 0;
    const gone: WatchEvent = { ...added(sealedSecret("shop", "db", null)), type: "DELETED" };
    const { client, asked } = scripted([
      [],
      [
        added(sealedSecret("shop", "db", null)),
        gone,
        new KubeUnreachableError("https://x", "connection closed"),
      ],
      [new KubeUnreachableError("https://x", "connection closed")],
      [{ type: "ERROR", object: { metadata: {} } }, added(sealedSecret("shop", "db", TOLD.failed))],
      [added(sealedSecret("shop", "db", TOLD.inSync))],
    ]);
    const left = await waitForSync([DB], {
      ...rest,
      client,
      tell: (line) => said.push(line),
      pause: async () => void pauses++,
    });
    assert.deepEqual([...left], []);
    assert.equal(pauses, 4);
    assert.equal(asked[0]?.["fieldSelector"], "metadata.name=db");
    assert.deepEqual(said, [
      "shop/db: waits: no controller has looked at it",
      "shop/db: waits: it is not there",
      "watching again: cannot reach the API server https://x: connection closed",
      "shop/db: in sync",
    ]);
  });

  test("shows by its first bookmark what was deleted while there was none", async () => {
    const said: string[] = [];
    const there = added(sealedSecret("shop", "db", null));
    const bookmark: WatchEvent = { type: "BOOKMARK", object: { metadata: { resourceVersion: "9" } } };
    const how = { ...rest, tell: (line: string) => said.push(line), pause: async () => undefined };
    const named = scripted([[there, bookmark], [bookmark], [added(sealedSecret("shop", "db", TOLD.inSync))]]);
    assert.equal((await waitForSync([DB], { ...how, client: named.client })).size, 0);
    const all = scripted([[there, bookmark], [bookmark]]);
    assert.equal((await waitForSync([{ ...DB, mayGo: true }], { ...how, client: all.client })).size, 0);
    const waits = "shop/db: waits: no controller has looked at it";
    assert.deepEqual(said, [
      waits,
      "shop/db: waits: it is not there",
      "shop/db: in sync",
      waits,
      "shop/db: deleted",
    ]);
  });

  test("is not opened anew when the time is over", async () => {
    const time = new AbortController();
    const { client } = scripted([[]]);
    const left = await waitForSync([DB], {
      ...rest,
      client,
      signal: time.signal,
      pause: async () => time.abort(),
    });
    assert.deepEqual(
      [...left].map(([place, { why }]) => `${place}: ${why}`),
      ["shop/db: it is not there"],
    );
  });
});
