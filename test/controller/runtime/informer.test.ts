import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Informer, type InformerOptions } from "../../../controller/runtime/informer.ts";
import {
  AnswerTooLongError,
  KubeAnswerError,
  KubeApiError,
  KubeUnreachableError,
  WatchIdleError,
} from "../../../shared/kube/api-error.ts";
import type { KubeObject, WatchEvent } from "../../../shared/kube/client.ts";
import { FakeClock, settle } from "../../support/fake-clock.ts";
import { object, page, ScriptedClient } from "./scripted-client.ts";

function parse(from: KubeObject): string {
  if (from["value"] === "bad") throw new Error("this value is bad");
  return String(from["value"]);
}

type Rig = {
  client: ScriptedClient;
  clock: FakeClock;
  informer: Informer<string>;
  /** What subscribers were told, in order. */
  told: string[];
  errors: [error: unknown, retryInMs: number][];
  stop: () => Promise<void>;
};

async function following(
  script: Parameters<ScriptedClient["willList"]>,
  during: (rig: Rig) => Promise<void>,
  options: Partial<InformerOptions<string>> = {},
): Promise<void> {
  const client = new ScriptedClient();
  client.willList(...script);
  const clock = new FakeClock();
  const told: string[] = [];
  const errors: [unknown, number][] = [];
  const informer = new Informer<string>({
    client,
    clock,
    path: "/api/v1/things",
    parse,
    random: () => 0,
    onError: (error, retryInMs) => errors.push([error, retryInMs]),
    ...options,
  });
  informer.subscribe({
    onAdd: (key, now, initial) => told.push(`add ${key} ${now}${initial ? " initial" : ""}`),
    onUpdate: (key, before, now) => told.push(`update ${key} ${before} ${now}`),
    onDelete: (key, last) => told.push(`delete ${key} ${last}`),
    onInvalid: (key, error, last) => told.push(`invalid ${key} ${(error as Error).message} ${last}`),
  });
  const stopping = new AbortController();
  const run = informer.run(stopping.signal);
  const stop = async () => {
    stopping.abort();
    await run;
  };
  try {
    await settle();
    await during({ client, clock, informer, told, errors, stop });
  } finally {
    await stop();
  }
  assert.equal(clock.sleepers, 0);
}

const event = (type: WatchEvent["type"], from: KubeObject): WatchEvent => ({ type, object: from });
const bookmark = (resourceVersion: number): WatchEvent =>
  event("BOOKMARK", { metadata: { resourceVersion: `${resourceVersion}` } });
const apiError = (status: number, reason = "", retryAfterSeconds: number | null = null) =>
  new KubeApiError({ request: "list things", status, reason, retryAfterSeconds, fields: [] });
const errorEvent = (code: number, reason: string): WatchEvent =>
  event("ERROR", { metadata: {}, kind: "Status", code, reason });
const broken = () => new KubeUnreachableError("https://s", "the connection broke");

describe("informer: list", () => {
  test("reads page after page and is synced with the last; objects are told of with their page", async () => {
    let toldAtSecondPage = -1;
    await following(
      [
        page(9, [object("a/x", 3), object("a/y", 4)], "next/1"),
        (request) => {
          toldAtSecondPage = request.query?.["continue"] === "next/1" ? 2 : -1;
          return page(9, [object("b/x", 5)])();
        },
      ],
      async ({ client, informer, told }) => {
        await informer.synced;
        assert.equal(toldAtSecondPage, 2);
        assert.deepEqual(told, ["add a/x v initial", "add a/y v initial", "add b/x v initial"]);
        assert.deepEqual(
          client.lists.map(({ path, query, accept }) => [path, query, accept]),
          [
            ["/api/v1/things", { limit: "500" }, undefined],
            ["/api/v1/things", { limit: "500", continue: "next/1" }, undefined],
          ],
        );
        assert.deepEqual([informer.hasSynced, informer.size, informer.lists], [true, 3, 1]);
        assert.equal(informer.resourceVersion, "9");
        assert.equal(informer.get("a/y"), "v");
        assert.equal(informer.get("a/z"), undefined);
        assert.deepEqual(
          [...informer.entries()],
          [
            ["a/x", "v"],
            ["a/y", "v"],
            ["b/x", "v"],
          ],
        );
        assert.deepEqual(informer.list(), ["v", "v", "v"]);
      },
    );
  });

  test("selectors, page size and metadata-only go into every request", async () => {
    await following(
      [page(1, [])],
      async ({ client }) => {
        const [list] = client.lists;
        assert.deepEqual(list?.query, { labelSelector: "k=v", fieldSelector: "f=1", limit: "7" });
        const as = (kind: string) => `application/json;as=${kind};g=meta.k8s.io;v=v1,application/json`;
        assert.equal(list?.accept, as("PartialObjectMetadataList"));
        const { request } = client.watching;
        assert.equal(request.accept, as("PartialObjectMetadata"));
        assert.equal(request.idleMs, 180_000);
        assert.deepEqual(request.query, {
          labelSelector: "k=v",
          fieldSelector: "f=1",
          resourceVersion: "1",
          allowWatchBookmarks: "true",
          timeoutSeconds: "300",
        });
      },
      { labelSelector: "k=v", fieldSelector: "f=1", pageSize: 7, metadataOnly: true },
    );
  });

  test("failures are told and retried with longer waits, as long as the server asks if that is longer", async () => {
    await following(
      [
        () => apiError(403, "Forbidden"),
        broken,
        () => apiError(429, "", 9),
        () => apiError(500, "", 900),
        page(1, []),
      ],
      async ({ client, clock, informer, errors }) => {
        assert.equal(informer.hasSynced, false);
        await clock.advance(60_000);
        assert.deepEqual(
          errors.map(([, retryInMs]) => retryInMs),
          [250, 500, 9_000, 30_000],
        );
        assert.equal(client.lists.length, 5);
        assert.equal(informer.hasSynced, true);
      },
    );
  });

  test("410 between two pages: from the start, in one piece, and nothing is told twice", async () => {
    await following(
      [
        page(5, [object("a/x", 3), object("a/old", 2)], "t"),
        () => apiError(410, "Expired"),
        page(8, [object("a/x", 3), object("a/y", 7)]),
      ],
      async ({ client, informer, told, errors }) => {
        assert.deepEqual(
          client.lists.map(({ query }) => query),
          [{ limit: "500" }, { limit: "500", continue: "t" }, {}],
        );
        assert.deepEqual(told, [
          "add a/x v initial",
          "add a/old v initial",
          "add a/y v initial",
          "delete a/old v",
        ]);
        assert.deepEqual([informer.size, informer.lists, errors], [2, 1, []]);
      },
    );
  });

  test("what is too much for one piece is read page by page once more", async () => {
    await following(
      [
        page(5, [object("a/x", 3)], "t"),
        () => apiError(410, "Expired"),
        () => new AnswerTooLongError("list things", 1),
        page(8, [object("a/x", 3)], "u"),
        page(8, [object("a/y", 7)]),
      ],
      async ({ client, clock, informer }) => {
        await clock.advance(60_000);
        assert.deepEqual(
          client.lists.map(({ query }) => query),
          [
            { limit: "500" },
            { limit: "500", continue: "t" },
            {},
            { limit: "500" },
            { limit: "500", continue: "u" },
          ],
        );
        assert.deepEqual([informer.size, informer.hasSynced], [2, true]);
      },
    );
  });

  test("an answer that is no list is told and retried", async () => {
    await following(
      [
        () => ({ metadata: { resourceVersion: "1" }, items: "none" }),
        () => ({ metadata: { resourceVersion: "1" }, items: [null] }),
        () => ({ metadata: {}, items: [] }),
        () => ({ metadata: { resourceVersion: "3" }, items: null as never }),
      ],
      async ({ clock, informer, errors }) => {
        await clock.advance(10_000);
        assert.ok(informer.hasSynced);
        assert.ok(errors.length === 3 && errors.every(([error]) => error instanceof KubeAnswerError));
      },
    );
  });
});

describe("informer: watch", () => {
  test("follows events; the same version is not told twice; a bookmark is no object", async () => {
    await following([page(5, [object("a/x", 3)])], async ({ client, informer, told }) => {
      client.watching.send(
        event("ADDED", object("a/y", 6)),
        event("ADDED", object("a/x", 3)),
        event("MODIFIED", object("a/x", 7, "w")),
        bookmark(20),
        event("DELETED", object("a/y", 21)),
        event("DELETED", object("a/gone", 22)),
      );
      await settle();
      assert.deepEqual(told, ["add a/x v initial", "add a/y v", "update a/x v w", "delete a/y v"]);
      assert.equal(informer.resourceVersion, "22");
      assert.deepEqual([...informer.entries()], [["a/x", "w"]]);
    });
  });

  test("a clean end is resumed at once from the last event or bookmark, without a list", async () => {
    await following([page(5, [])], async ({ client, told, errors }) => {
      client.watching.send(event("ADDED", object("a/x", 8)), "end");
      await settle();
      assert.equal(client.watching.request.query?.["resourceVersion"], "8");
      client.watching.send(bookmark(30), "end");
      await settle();
      assert.equal(client.watching.request.query?.["resourceVersion"], "30");
      assert.deepEqual([client.watches.length, client.lists.length, errors], [3, 1, []]);
      assert.deepEqual(told, ["add a/x v"]);
    });
  });

  test("a quiet watch that ends after some time is resumed at once", async () => {
    await following([page(5, [])], async ({ client, clock }) => {
      await clock.advance(5_000);
      client.watching.send("end");
      await settle();
      assert.deepEqual([client.watches.length, clock.sleepers], [2, 0]);
    });
  });

  test("a server that ends every watch at once is not asked without pause", async () => {
    await following([page(5, [])], async ({ client, clock, errors }) => {
      for (let i = 0; i < 4; i++) {
        const { watching } = client;
        watching.send("end");
        await settle();
        assert.equal(client.watches.length, i + 1);
        await clock.advance(250 * 2 ** i);
        assert.equal(client.watches.length, i + 2);
      }
      assert.deepEqual([client.lists.length, errors], [1, []]);
    });
  });

  test("a broken connection is told, waited for and resumed; progress shortens the waits again", async () => {
    const asksFor = (version: number) => page(version, [], "more");
    await following(
      [page(5, []), asksFor(5), asksFor(5), asksFor(6)],
      async ({ client, clock, errors, informer }) => {
        for (const waitMs of [250, 500]) {
          client.watching.send(broken());
          await clock.advance(waitMs);
        }
        assert.equal(client.watching.request.query?.["resourceVersion"], "5");
        client.watching.send(bookmark(6), broken());
        await clock.advance(250);
        assert.deepEqual(
          errors.map(([, retryInMs]) => retryInMs),
          [250, 500, 250],
        );
        assert.deepEqual([client.watches.length, informer.lists], [4, 1]);
        assert.deepEqual(
          client.lists.slice(1).map(({ query }) => query?.["limit"]),
          ["1", "1", "1"],
        );
      },
    );
  });

  test("a server that knows less than we have seen was restored: after a lost connection its list is read", async () => {
    const script = [page(100, [object("a/x", 90), object("a/y", 95)]), page(50, [], "more")];
    await following([...script, page(50, [object("a/x", 40)])], async ({ client, clock, told, informer }) => {
      told.length = 0;
      client.watching.send(broken());
      await clock.advance(250);
      assert.equal(informer.lists, 2);
      assert.deepEqual(told, ["update a/x v v", "delete a/y v"]);
      assert.equal(client.watching.request.query?.["resourceVersion"], "50");
    });
  });

  test("a server that cannot say what it knows is asked again; a watch that ended well is resumed without a question", async () => {
    const script = [page(5, []), () => apiError(503), page(5, [], "more")];
    await following(script, async ({ client, clock, informer }) => {
      client.watching.send(bookmark(5), "end");
      await settle();
      assert.deepEqual([client.watches.length, client.lists.length], [2, 1]);
      client.watching.send(broken());
      await clock.advance(250);
      assert.deepEqual([client.watches.length, client.lists.length], [2, 2]);
      await clock.advance(500);
      assert.deepEqual([client.watches.length, client.lists.length, informer.lists], [3, 3, 1]);
    });
  });

  test("a bookmark below our place has the list read: the server went back", async () => {
    await following([page(100, []), page(50, [object("a/x", 40)])], async ({ client, clock, told }) => {
      client.watching.send(bookmark(49));
      await clock.advance(250);
      assert.deepEqual(told, ["add a/x v"]);
      assert.equal(client.watching.request.query?.["resourceVersion"], "50");
    });
  });

  test("five failed watches in a row lead to a list", async () => {
    await following([page(5, []), page(6, [])], async ({ client, clock }) => {
      for (let i = 0; i < 5; i++) {
        assert.equal(client.lists.length, 1);
        client.watching.send(apiError(503));
        await clock.advance(30_000);
      }
      assert.equal(client.lists.length, 2);
      assert.equal(client.watching.request.query?.["resourceVersion"], "6");
    });
  });

  for (const [name, ends] of [
    ["410 as an event", errorEvent(410, "Expired")],
    ["410 as an event, reason Gone", errorEvent(410, "Gone")],
    ["410 as an answer", apiError(410, "Expired")],
    ["silence", new WatchIdleError("https://s", 180_000)],
  ] as const)
    test(`${name}: lists again at once, tells only differences`, async () => {
      await following(
        [
          page(5, [object("a/same", 1), object("a/gone", 2), object("a/new", 3), object("a/again", 4)]),
          page(50, [
            object("a/same", 1),
            object("a/new", 33, "w"),
            object("a/again", 44, "z", "another"),
            object("a/add", 45),
          ]),
        ],
        async ({ client, clock, told, errors, informer }) => {
          told.length = 0;
          client.watching.send(ends);
          await settle();
          assert.deepEqual(told, [
            "update a/new v w",
            "delete a/again v",
            "add a/again z",
            "add a/add v",
            "delete a/gone v",
          ]);
          assert.equal(client.watching.request.query?.["resourceVersion"], "50");
          assert.deepEqual([informer.lists, errors, clock.sleepers], [2, [], 0]);
        },
      );
    });

  test("410 again and again is not asked for without pause", async () => {
    await following([page(5, [])], async ({ client, clock, errors }) => {
      client.watching.send(errorEvent(410, "Expired"));
      await settle();
      client.watching.send(errorEvent(410, "Expired"));
      await settle();
      assert.deepEqual([client.lists.length, clock.nextInMs], [2, 500]);
      await clock.advance(500);
      assert.deepEqual([client.lists.length, errors.length], [3, 1]);
    });
  });

  for (const [name, ends] of [
    ["an event that tells of another error", errorEvent(500, "InternalError")],
    ["a version too large", apiError(504, "Timeout", 1)],
    ["a version it cannot read", apiError(400, "BadRequest")],
    ["an event that cannot be read", new KubeAnswerError("watch things", "an event is not valid JSON")],
  ] as const)
    test(`${name}: waits, then lists again`, async () => {
      await following([page(5, []), page(6, [])], async ({ client, clock, errors }) => {
        client.watching.send(ends);
        await settle();
        assert.equal(client.lists.length, 1);
        await clock.advance(1_000);
        assert.equal(client.lists.length, 2);
        const [told] = errors[0] ?? [];
        assert.ok(told instanceof KubeApiError || told === ends);
      });
    });
});

describe("informer: bad objects and bad handlers", () => {
  test("a bad object is told of by name and stops nothing; it comes and goes like any other", async () => {
    await following(
      [page(5, [object("a/bad", 1, "bad"), object("a/x", 2)]), page(9, [object("a/bad", 7, "bad")])],
      async ({ client, informer, told }) => {
        assert.deepEqual(told.splice(0), ["invalid a/bad this value is bad null", "add a/x v initial"]);
        assert.deepEqual([informer.size, informer.get("a/bad"), informer.hasSynced], [1, undefined, true]);
        client.watching.send(
          event("MODIFIED", object("a/bad", 6, "good")),
          event("MODIFIED", object("a/bad", 7, "bad")),
          event("MODIFIED", object("a/x", 8, "bad")),
          event("DELETED", object("a/x", 9)),
        );
        await settle();
        assert.deepEqual(told.splice(0), [
          "add a/bad good",
          "invalid a/bad this value is bad good",
          "invalid a/x this value is bad v",
          "delete a/x null",
        ]);
        assert.equal(informer.size, 0);
        client.watching.send(errorEvent(410, "Expired"));
        await settle();
        assert.deepEqual(told, []);
      },
    );
  });

  test("an object without a name is told of and passed over", async () => {
    const nameless = { metadata: { resourceVersion: "1" } };
    await following([page(5, [nameless, object("a/x", 2)])], async ({ client, told }) => {
      client.watching.send(
        event("ADDED", nameless),
        event("DELETED", nameless),
        event("ADDED", object("a/y", 6)),
      );
      await settle();
      assert.deepEqual(told, [
        "invalid  an object has no name null",
        "add a/x v initial",
        "invalid  an object has no name null",
        "add a/y v",
      ]);
    });
  });

  test("objects without a namespace are known by their name", async () => {
    const cluster = { metadata: { name: "n", uid: "u", resourceVersion: "2" }, value: "v" };
    await following([page(5, [cluster])], async ({ informer }) => {
      assert.equal(informer.get("n"), "v");
    });
  });

  test("a handler that throws is reported; others and later events are not affected", async () => {
    await following([page(5, [])], async ({ client, informer, told, errors }) => {
      const bug = new Error("a bug");
      const end = informer.subscribe({
        onAdd: () => {
          throw bug;
        },
      });
      client.watching.send(event("ADDED", object("a/x", 6)));
      await settle();
      end();
      client.watching.send(event("ADDED", object("a/y", 7)));
      await settle();
      assert.deepEqual(errors, [[bug, 0]]);
      assert.deepEqual(told, ["add a/x v", "add a/y v"]);
    });
  });
});

describe("informer: stop", () => {
  test("ends the watch; a later run goes on from there", async () => {
    await following([page(5, [object("a/x", 3)])], async ({ client, informer, told, stop }) => {
      client.watching.send(event("ADDED", object("a/y", 8)));
      await settle();
      await stop();
      assert.ok(client.watching.isOver);
      const again = new AbortController();
      const run = informer.run(again.signal);
      await settle();
      assert.equal(client.watching.request.query?.["resourceVersion"], "8");
      assert.deepEqual([client.lists.length, told.length], [1, 2]);
      again.abort();
      await run;
    });
  });

  test("in the middle of a wait", async () => {
    await following([broken], async ({ clock, stop, errors }) => {
      assert.equal(clock.sleepers, 1);
      await stop();
      assert.equal(errors.length, 1);
    });
  });
});
