import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AnswerTooLongError, KubeAnswerError } from "../../../shared/kube/api-error.ts";
import { settle } from "../../support/fake-clock.ts";
import { apiError, broken, errorEvent, event, following } from "./informer-scene.ts";
import { object, page } from "./scripted-client.ts";

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
