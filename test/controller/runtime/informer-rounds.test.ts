import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Informer, type InformerOptions } from "../../../controller/runtime/informer.ts";
import { compareVersions } from "../../../controller/runtime/resource-version.ts";
import { WatchIdleError } from "../../../shared/kube/api-error.ts";
import type { KubeObject, WatchEvent } from "../../../shared/kube/client.ts";
import { FakeClock, settle } from "../../support/fake-clock.ts";
import { apiError, broken, whileFollowing } from "./informer-scene.ts";
import { object, page, ScriptedClient } from "./scripted-client.ts";

/** A client whose pages come when the test says so. */
class PagingClient extends ScriptedClient {
  /** Gives the page that is asked for. */
  #give: ((given: KubeObject | Error) => void) | null = null;

  override async request(request: Parameters<ScriptedClient["request"]>[0]): Promise<KubeObject> {
    this.lists.push(request);
    const { promise, resolve } = Promise.withResolvers<KubeObject | Error>();
    const { signal } = request;
    const onAbort = () => resolve(signal?.reason);
    signal?.addEventListener("abort", onAbort);
    this.#give = resolve;
    const given = await promise;
    // Either would hold the answer.
    this.#give = null;
    signal?.removeEventListener("abort", onAbort);
    if (given instanceof Error) throw given;
    return given;
  }

  /** Answers the page that is asked for. */
  async answer(given: (() => KubeObject) | Error): Promise<void> {
    if (this.#give === null) throw new Error("no page is asked for");
    this.#give(given instanceof Error ? given : given());
    await settle();
  }

  /** Sends to the watch that is open. */
  async send(...what: Parameters<ScriptedClient["watching"]["send"]>): Promise<void> {
    this.watching.send(...what);
    await settle();
  }
}

type Rig = {
  client: PagingClient;
  clock: FakeClock;
  informer: Informer<string>;
  /** What was told since it was last looked at. */
  told: () => string[];
  errors: string[];
  stop: () => Promise<void>;
};

async function following(
  during: (rig: Rig) => Promise<void>,
  options: Partial<InformerOptions<string>> = {},
): Promise<void> {
  const client = new PagingClient();
  const clock = new FakeClock();
  const told: string[] = [];
  const errors: string[] = [];
  const informer = new Informer<string>({
    client,
    clock,
    path: "/api/v1/things",
    parse: (from) => String(from["value"]),
    random: () => 0,
    onError: (error, retryInMs) => errors.push(`${(error as Error).name} ${retryInMs}`),
    ...options,
  });
  informer.subscribe({
    onAdd: (key, now, initial) => told.push(`add ${key} ${now}${initial ? " initial" : ""}`),
    onUpdate: (key, before, now) => told.push(`update ${key} ${before} ${now}`),
    onDelete: (key, last) => told.push(`delete ${key} ${last}`),
  });
  await whileFollowing({ informer, clock }, (stop) =>
    during({ client, clock, informer, told: () => told.splice(0), errors, stop }),
  );
  assert.ok(client.watches.every(({ isOver }) => isOver));
}

const added = (from: KubeObject): WatchEvent => ({ type: "ADDED", object: from });
const changed = (from: KubeObject): WatchEvent => ({ type: "MODIFIED", object: from });
const deleted = (from: KubeObject): WatchEvent => ({ type: "DELETED", object: from });
const gone = (): WatchEvent => ({
  type: "ERROR",
  object: { metadata: {}, kind: "Status", code: 410, reason: "Expired" },
});

describe("informer: a watch while the list is read", () => {
  test("starts with the first page; a fresh object is told of before the other pages come", async () => {
    await following(async ({ client, informer, told }) => {
      assert.equal(client.watches.length, 0);
      await client.answer(page(10, [object("a/x", 3)], "2"));
      assert.equal(client.watching.request.query?.["resourceVersion"], "10");
      await client.send(added(object("z/fresh", 11)));
      assert.deepEqual(told(), ["add a/x v initial", "add z/fresh v"]);
      assert.deepEqual([informer.hasSynced, informer.lists], [false, 0]);
      await client.answer(page(10, [object("b/x", 4)], "3"));
      assert.equal(informer.hasSynced, false);
      await client.answer(page(10, [object("c/x", 5)]));
      assert.deepEqual(told(), ["add b/x v initial", "add c/x v initial"]);
      assert.deepEqual([informer.hasSynced, informer.lists, informer.size], [true, 1, 4]);
      assert.deepEqual([client.lists.length, client.watches.length], [3, 1]);
      assert.equal(informer.resourceVersion, "11");
      await client.send(deleted(object("z/fresh", 12)), "end");
      assert.deepEqual(told(), ["delete z/fresh v"]);
      assert.equal(client.watching.request.query?.["resourceVersion"], "12");
    });
  });

  const before = object("b/x", 9, "old");
  for (const [what, events, onPage, expected] of [
    ["changed before its page comes", [changed(object("b/x", 11, "new"))], before, ["add b/x new"]],
    // Pages may be of a later version, read from a watch cache.
    [
      "changed, and newer still on its page",
      [changed(object("b/x", 11, "new"))],
      object("b/x", 12, "newer"),
      ["add b/x new", "update b/x new newer"],
    ],
    ["changed, and the same on its page", [changed(object("b/x", 11))], object("b/x", 11), ["add b/x v"]],
    [
      "versions of many digits, which a number would round",
      [changed(object("b/x", 0, "new"))].map((event) => withVersion(event, "9007199254740993")),
      withVersion(added(before), "9007199254740992").object,
      ["add b/x new"],
    ],
    [
      "versions of unequal length",
      [changed(object("b/x", 1_000, "new"))],
      object("b/x", 999, "old"),
      ["add b/x new"],
    ],
    [
      "versions that cannot be compared: the watch knows better",
      [withVersion(changed(object("b/x", 0, "new")), "11-a")],
      before,
      ["add b/x new"],
    ],
    ["deleted before its page comes", [deleted(object("b/x", 11, "old"))], before, []],
    ["deleted, in the words of an old server, which tells the last version", [deleted(before)], before, []],
    ["deleted without a version", [withVersion(deleted(before), "")], before, []],
    [
      "deleted, and another is made, before its page comes",
      [deleted(object("b/x", 11, "old")), added(object("c/x", 12, "new"))],
      before,
      ["add c/x new"],
    ],
    [
      "deleted and made again before its page comes",
      [deleted(object("b/x", 11, "old")), added(object("b/x", 12, "new", "uid-2"))],
      before,
      ["add b/x new"],
    ],
    [
      "made and deleted before its page comes",
      [added(object("b/x", 11, "new")), deleted(object("b/x", 12, "new"))],
      before,
      ["add b/x new", "delete b/x new"],
    ],
    [
      "deleted, and on a page of a later version made again",
      [deleted(object("b/x", 11))],
      object("b/x", 15, "again", "uid-2"),
      ["add b/x again initial"],
    ],
  ] as const)
    test(what, async () => {
      await following(async ({ client, informer, told }) => {
        await client.answer(page(10, [], "2"));
        await client.send(...events);
        await client.answer(page(10, [onPage]));
        assert.deepEqual(told(), expected);
        assert.equal(informer.size, expected.filter((one) => !one.startsWith("update")).length % 2);
      });
    });

  test("after its page: changed, deleted, made again with another uid", async () => {
    await following(async ({ client, told }) => {
      await client.answer(page(10, [object("a/x", 1), object("a/y", 2), object("a/z", 3)], "2"));
      await client.send(
        changed(object("a/x", 11, "w")),
        deleted(object("a/y", 12)),
        added(object("a/z", 14, "w", "uid-2")),
      );
      await client.answer(page(10, [object("b/x", 5)]));
      assert.deepEqual(told().slice(3), [
        "update a/x v w",
        "delete a/y v",
        "delete a/z v",
        "add a/z w",
        "add b/x v initial",
      ]);
    });
  });

  test("events of before a page of a later version do not undo it", async () => {
    await following(async ({ client, informer, told }) => {
      await client.answer(page(10, [], "2"));
      await client.answer(page(20, [object("b/x", 18, "now"), object("b/y", 19, "again", "uid-2")]));
      await client.send(changed(object("b/x", 12, "then")), deleted(object("b/y", 13)));
      await client.send(changed(object("b/x", 18, "now")), added(object("b/y", 19, "again", "uid-2")));
      await client.send(deleted(object("b/x", 21)));
      assert.deepEqual(told(), ["add b/x now initial", "add b/y again initial", "delete b/x now"]);
      assert.deepEqual([informer.size, informer.resourceVersion], [1, "21"]);
    });
  });

  test("what the watch added is kept, what neither page nor watch showed is not", async () => {
    await following(async ({ client, told }) => {
      await client.answer(page(10, [object("a/x", 1), object("a/y", 2)]));
      await client.send(gone());
      told();
      await client.answer(page(50, [object("a/x", 1)], "2"));
      await client.send(
        added(object("c/x", 51)),
        changed(object("a/y", 52, "w")),
        deleted(object("a/x", 53)),
      );
      await client.answer(page(50, []));
      assert.deepEqual(told(), ["add c/x v", "update a/y v w", "delete a/x v"]);
      // The memory of what was deleted ends with the list: this is another object.
      await client.send(added(object("a/x", 54)));
      assert.deepEqual(told(), ["add a/x v"]);
    });
  });

  test("a watch that breaks is resumed from where it was when the list is complete", async () => {
    await following(async ({ client, clock, errors, informer }) => {
      await client.answer(page(10, [], "2"));
      await client.send(added(object("c/x", 11)), broken());
      assert.deepEqual([client.watches.length, errors], [1, []]);
      await client.answer(page(10, [object("b/x", 5)]));
      assert.deepEqual([informer.hasSynced, errors], [true, ["KubeUnreachableError 250"]]);
      await clock.advance(250);
      // Whether the server still knows that place.
      await client.answer(page(12, [object("b/x", 5)], "2"));
      assert.equal(client.watching.request.query?.["resourceVersion"], "11");
      assert.deepEqual([client.lists.length, informer.lists], [3, 1]);
    });
  });

  for (const [what, ends, waitMs] of [
    ["410 as an event", gone(), 0],
    ["410 as an answer", apiError(410), 0],
    ["silence", new WatchIdleError("https://s", 180_000), 0],
    ["another refusal", { type: "ERROR", object: { metadata: {}, code: 500 } } satisfies WatchEvent, 250],
  ] as const)
    test(`a watch ended by ${what} while the list is read: the list is finished, then read again`, async () => {
      await following(async ({ client, clock, informer, told }) => {
        await client.answer(page(10, [], "2"));
        await client.send(ends);
        await client.answer(page(10, [object("b/x", 5)]));
        assert.deepEqual([informer.lists, told()], [1, ["add b/x v initial"]]);
        await clock.advance(waitMs);
        assert.equal(client.lists.length, 3);
        await client.answer(page(20, [object("c/x", 15)]));
        assert.deepEqual(told(), ["add c/x v", "delete b/x v"]);
        assert.equal(client.watching.request.query?.["resourceVersion"], "20");
      });
    });

  test("a watch that is refused while the list is read keeps nobody from the list, and is asked for again", async () => {
    await following(async ({ client, clock, informer, errors }) => {
      await client.answer(page(10, [], "2"));
      await client.send(apiError(403));
      await client.answer(page(10, [object("b/x", 5)]));
      assert.deepEqual([informer.hasSynced, errors], [true, ["KubeApiError 250"]]);
      await clock.advance(250);
      assert.deepEqual([client.watches.length, client.lists.length], [2, 2]);
      await client.send(added(object("c/x", 11)));
      assert.equal(informer.size, 2);
    });
  });

  test("410 on the way through the pages: the watch ends with them; all begins anew, and nothing is told twice", async () => {
    await following(async ({ client, informer, told, errors }) => {
      await client.answer(page(10, [object("a/x", 1)], "2"));
      await client.send(added(object("c/x", 11)));
      const { watching } = client;
      await client.answer(apiError(410));
      assert.ok(watching.isOver);
      assert.deepEqual([client.lists.at(-1)?.query, client.watches.length], [{}, 1]);
      await client.answer(page(30, [object("a/x", 1), object("b/x", 20), object("c/x", 11)]));
      assert.deepEqual(told(), ["add a/x v initial", "add c/x v", "add b/x v initial"]);
      assert.deepEqual([informer.lists, errors], [1, []]);
      assert.equal(client.watching.request.query?.["resourceVersion"], "30");
    });
  });

  test("a server killed between two pages: what was told stays, and the next list tells the rest", async () => {
    await following(async ({ client, clock, informer, told, errors }) => {
      await client.answer(page(10, [object("a/x", 1), object("a/y", 2)], "2"));
      await client.send(added(object("c/x", 11)), broken());
      await client.answer(broken());
      assert.deepEqual([informer.hasSynced, errors], [false, ["KubeUnreachableError 250"]]);
      told();
      await clock.advance(250);
      await client.answer(broken());
      await clock.advance(500);
      assert.deepEqual([client.lists.at(-1)?.query, client.watches.length], [{ limit: "500" }, 1]);
      await client.answer(page(12, [object("a/y", 2)], "2"));
      await client.answer(page(12, [object("c/x", 11)]));
      assert.deepEqual([told(), informer.hasSynced], [["delete a/x v"], true]);
    });
  });

  test("stopped between two pages: list and watch end; a later run begins anew", async () => {
    await following(async ({ client, informer, told, stop, errors }) => {
      await client.answer(page(10, [object("a/x", 1)], "2"));
      await stop();
      assert.deepEqual([client.watching.isOver, errors], [true, []]);
      const again = new AbortController();
      const run = informer.run(again.signal);
      await settle();
      assert.deepEqual(client.lists.at(-1)?.query, { limit: "500" });
      again.abort();
      await run;
      assert.deepEqual(told(), ["add a/x v initial"]);
    });
  });
});

describe("informer: versions that go back, after a backup of etcd was restored", () => {
  for (const [how, ends, waitMs] of [
    ["silence", new WatchIdleError("https://s", 180_000), 0],
    ["a version too large", apiError(504), 250],
  ] as const)
    test(`${how}, then a list whose versions are older`, async () => {
      await following(async ({ client, clock, informer, told }) => {
        await client.answer(page(1_000, [object("a/x", 900, "late"), object("a/y", 950), object("a/z", 50)]));
        await client.send(changed(object("a/z", 1_001, "late")), ends);
        await clock.advance(waitMs);
        told();
        await client.answer(page(100, [object("a/x", 90, "early")], "2"));
        assert.equal(client.watching.request.query?.["resourceVersion"], "100");
        await client.send(changed(object("a/z", 101, "restored")));
        await client.answer(page(100, [object("a/z", 50)]));
        assert.deepEqual(told(), ["update a/x late early", "update a/z late restored", "delete a/y v"]);
        assert.equal(informer.resourceVersion, "101");
      });
    });

  test("a version given out once more is not taken for the same object, even when the first list fails", async () => {
    await following(async ({ client, clock, told }) => {
      await client.answer(page(1_000, [object("a/x", 900, "lost"), object("b/x", 80, "kept")]));
      await client.send(new WatchIdleError("https://s", 180_000));
      told();
      await client.answer(page(950, [object("b/x", 80, "kept")], "2"));
      await client.answer(broken());
      await clock.advance(250);
      await client.answer(page(960, [object("a/x", 900, "written anew"), object("b/x", 80, "kept")]));
      assert.deepEqual(told(), ["update b/x kept kept", "update a/x lost written anew"]);
      await client.send(gone());
      await client.answer(page(960, [object("a/x", 900, "written anew"), object("b/x", 80, "kept")]));
      assert.deepEqual(told(), []);
    });
  });
});

describe("informer: what is held in memory", () => {
  test("managedFields go before anything is kept; the rest comes as it is", async () => {
    const managed = object("a/x", 1);
    managed.metadata["managedFields"] = [{ manager: "m" }];
    managed.metadata.labels = { k: "v" };
    const shown: KubeObject[] = [];
    const parse = (from: KubeObject) => `${shown.push(from)}`;
    await following(
      async ({ client }) => {
        await client.answer(page(10, [managed]));
        await client.send(changed({ ...managed, metadata: { ...managed.metadata, resourceVersion: "11" } }));
        const metadata = { namespace: "a", name: "x", uid: "uid-a/x", labels: { k: "v" } };
        assert.deepEqual(shown, [
          { metadata: { ...metadata, resourceVersion: "1" }, value: "v" },
          { metadata: { ...metadata, resourceVersion: "11" }, value: "v" },
        ]);
      },
      { parse },
    );
  });

  test("no page is held when the next one is asked for, nor the last one", async () => {
    setFlagsFromString("--expose-gc");
    const collect: () => void = runInNewContext("gc");
    const held: WeakRef<KubeObject>[] = [];
    await following(async ({ client, informer }) => {
      for (const next of ["2", "3", ""]) {
        await client.answer(() => {
          const item = object(`a/${next}x`, 1);
          const made = page(10, [item], next)();
          held.push(new WeakRef(made), new WeakRef(item));
          return made;
        });
        collect();
        await settle();
        assert.deepEqual(
          held.map((ref) => ref.deref()),
          held.map(() => undefined),
        );
      }
      assert.equal(informer.size, 3);
    });
  });

  test("the size of a page can be chosen", async () => {
    await following(
      async ({ client }) => {
        await client.answer(page(10, [], "2"));
        assert.deepEqual(
          client.lists.map(({ query }) => query),
          [{ limit: "7" }, { limit: "7", continue: "2" }],
        );
      },
      { pageSize: 7 },
    );
  });
});

test("versions are compared as integers of any length", () => {
  for (const [a, b, sign] of [
    ["9", "10", -1],
    ["10", "9", 1],
    ["18446744073709551614", "18446744073709551615", -1],
    ["0", "0", 0],
    ["", "1", null],
    ["1", "", null],
    ["01", "1", null],
    ["1a", "2", null],
    ["-1", "2", null],
  ] as const) {
    const order = compareVersions(a, b);
    assert.equal(order === null ? null : Math.sign(order), sign, `${a} and ${b}`);
  }
});

function withVersion(event: WatchEvent, resourceVersion: string): WatchEvent {
  return { ...event, object: { ...event.object, metadata: { ...event.object.metadata, resourceVersion } } };
}
