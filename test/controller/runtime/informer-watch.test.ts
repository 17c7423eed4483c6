import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { KubeAnswerError, KubeApiError, WatchIdleError } from "../../../shared/kube/api-error.ts";
import { settle } from "../../support/fake-clock.ts";
import { apiError, bookmark, broken, errorEvent, event, following } from "./informer-scene.ts";
import { object, page } from "./scripted-client.ts";

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
