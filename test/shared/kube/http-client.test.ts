import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { createServer } from "node:net";
import { after, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  AnswerTooLongError,
  KubeAnswerError,
  KubeApiError,
  KubeUnreachableError,
  WatchIdleError,
} from "../../../shared/kube/api-error.ts";
import type { KubeClient, KubeRequest, WatchEvent } from "../../../shared/kube/client.ts";
import type { KubeConnection } from "../../../shared/kube/config.ts";
import { connectKube } from "../../../shared/kube/http-client.ts";
import { settle } from "../../support/fake-clock.ts";
import { lookUntil } from "../../support/look-until.ts";
import { patienceMs } from "../../support/patience.ts";
import { answer, type ScriptedServer, type Seen, startScriptedServer } from "./scripted-server.ts";

const CANARY = "canary-51c0ffee";
const closers: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of closers.reverse()) await close();
});

function connection(server: string, user: KubeConnection["user"] = {}): KubeConnection {
  return { source: "the test", context: null, namespace: "ns", cluster: { server }, user };
}

async function serving(
  handler: (response: ServerResponse, seen: Seen) => void | Promise<void>,
  user: KubeConnection["user"] = {},
): Promise<{ client: KubeClient; server: ScriptedServer }> {
  const server = await startScriptedServer(handler);
  const client = connectKube(connection(server.url, user), { version: "1.2.3" });
  closers.push(server.close, () => client.close());
  return { client, server };
}

const GET: KubeRequest = { method: "GET", path: "/api/v1/namespaces/a/secrets/db" };

async function failure<E extends Error>(
  doing: Promise<unknown>,
  kind: new (...args: never[]) => E,
): Promise<E> {
  const error = await doing.then(
    () => assert.fail("it succeeded"),
    (error: unknown) => error,
  );
  assert.ok(error instanceof kind, String(error));
  const shown = [error.message, error.stack, String(error.cause), JSON.stringify(error)].join(" ");
  assert.ok(!shown.includes(CANARY), shown);
  return error;
}

async function collect(events: AsyncIterable<WatchEvent>): Promise<WatchEvent[]> {
  const all: WatchEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

describe("requests", () => {
  test("method, path, query, headers and body arrive; the answer is parsed", async () => {
    const { client, server } = await serving((response) =>
      answer(response, 201, { kind: "Secret", metadata: { name: "db" } }),
    );
    const made = await client.request({
      method: "POST",
      path: "/api/v1/namespaces/a/secrets",
      query: { dryRun: "All", "a b": "c&d" },
      body: { metadata: { name: "db" }, data: { k: "ü" } },
    });
    assert.equal(made.metadata.name, "db");
    const [seen] = server.seen;
    assert.equal(seen?.method, "POST");
    assert.equal(seen?.url, "/api/v1/namespaces/a/secrets?dryRun=All&a+b=c%26d");
    assert.equal(seen?.body, '{"metadata":{"name":"db"},"data":{"k":"ü"}}');
    assert.equal(seen?.headers["user-agent"], "signet/1.2.3");
    assert.equal(seen?.headers["content-type"], "application/json");
    assert.equal(seen?.headers.accept, "application/json");
    assert.equal(client.namespace, "ns");
    assert.equal(client.server, server.url);
  });

  test("a patch is a merge patch unless said otherwise; a string is sent as it is", async () => {
    const { client, server } = await serving((response) => answer(response, 200, {}));
    await client.request({ ...GET, method: "PATCH", body: { a: 1 } });
    await client.request({
      ...GET,
      method: "PATCH",
      body: "x: 1",
      contentType: "application/apply-patch+yaml",
    });
    await client.request({ ...GET, accept: "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1" });
    assert.deepEqual(
      server.seen.map(({ headers, body }) => [headers["content-type"], body, headers.accept]),
      [
        ["application/merge-patch+json", '{"a":1}', "application/json"],
        ["application/apply-patch+yaml", "x: 1", "application/json"],
        [undefined, "", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"],
      ],
    );
  });

  test("an answer without metadata gets an empty one", async () => {
    const { client } = await serving((response) => answer(response, 200, { gitVersion: "v1" }));
    assert.deepEqual((await client.request({ method: "GET", path: "/version" })).metadata, {});
  });

  test("connections are used again, and at most 32 serve many at once", async () => {
    const { client, server } = await serving(async (response, { url }) => {
      if (url === "/slow") await sleep(20);
      answer(response, 200, {});
    });
    for (let i = 0; i < 20; i++) await client.request(GET);
    assert.ok(server.connections() <= 2);
    await Promise.all(Array.from({ length: 100 }, () => client.request({ method: "GET", path: "/slow" })));
    assert.equal(server.connections(), 32);
  });

  test("raw gives status, bytes and type, and does not throw for errors of the far side", async () => {
    const { client } = await serving((response) => {
      response.writeHead(503, { "content-type": "text/plain; charset=x", "retry-after": "7" });
      response.end(Buffer.from([0xff, 0x00]));
    });
    assert.deepEqual(await client.raw(GET), {
      status: 503,
      body: Buffer.from([0xff, 0x00]),
      contentType: "text/plain; charset=x",
      retryAfterSeconds: 7,
    });
  });

  test("an answer is read as far as was asked for, and no further", async () => {
    const { client } = await serving((response) =>
      answer(response, 200, { metadata: {}, text: "ä".repeat(500) }),
    );
    assert.equal((await client.request({ ...GET, maxBytes: 1031 }))["text"], "ä".repeat(500));
    const error = await failure(client.request({ ...GET, maxBytes: 1000 }), AnswerTooLongError);
    assert.match(error.message, /^cannot get secrets "db" in namespace "a": the answer is longer than/);
  });

  test("raw refuses an endless answer", async () => {
    const { client } = await serving((response) => {
      const piece = Buffer.alloc(1024 * 1024, 97);
      const more = () => {
        while (!response.destroyed && response.write(piece));
      };
      response.on("drain", more);
      more();
    });
    const error = await failure(client.raw(GET), KubeAnswerError);
    assert.match(error.message, /longer than 16 MiB/);
  });
});

describe("error answers", () => {
  const status = {
    kind: "Status",
    status: "Failure",
    message: `Secret "db" is invalid: data: ${CANARY}`,
    reason: "Invalid",
    details: {
      name: CANARY,
      retryAfterSeconds: 7,
      causes: [
        { reason: "FieldValueInvalid", message: CANARY, field: "data[.x]" },
        { message: CANARY, field: "metadata.name" },
        { field: "metadata.name" },
        { field: `some prose with ${CANARY}` },
        { field: 3 },
        null,
      ],
    },
    code: 422,
  };

  test("keep reason, wait and fields, none of the text", async () => {
    const { client } = await serving((response) => answer(response, 422, status));
    const error = await failure(client.request({ ...GET, method: "PUT", body: {} }), KubeApiError);
    assert.equal(
      error.message,
      'cannot update secrets "db" in namespace "a": the API server answered 422 Invalid (data[.x], metadata.name)',
    );
    assert.deepEqual(
      [error.status, error.reason, error.retryAfterSeconds, error.fields, error.retryable],
      [422, "Invalid", 7, ["data[.x]", "metadata.name"], false],
    );
  });

  test("what is no Status is told by its number", async () => {
    const { client } = await serving((response) => {
      response.writeHead(502, { "retry-after": "3" });
      response.end(`<html>${CANARY}</html>`);
    });
    const error = await failure(client.request(GET), KubeApiError);
    assert.match(error.message, /^cannot get secrets "db" in namespace "a": .* 502 Bad Gateway$/);
    assert.deepEqual([error.reason, error.retryAfterSeconds, error.fields], ["", 3, []]);
    assert.equal(error.retryable, true);
  });

  test("a reason that is no word is dropped", async () => {
    const { client } = await serving((response) => answer(response, 403, { reason: `no ${CANARY}!` }));
    assert.equal((await failure(client.request(GET), KubeApiError)).reason, "");
  });

  test("redirects are errors and are not followed", async () => {
    const { client, server } = await serving((response) => {
      response.writeHead(307, { location: "/elsewhere" });
      response.end();
    });
    const error = await failure(client.request(GET), KubeApiError);
    assert.equal(error.status, 307);
    assert.match(error.hint, /redirects are not followed/);
    assert.equal(server.seen.length, 1);
    assert.equal((await client.raw(GET)).status, 307);
  });

  test("an answer that is no JSON, or no object", async () => {
    const bodies = [`{"token": "${CANARY}`, `"${CANARY}"`, "", "[]"];
    const { client } = await serving((response) => void response.end(bodies.shift()));
    assert.match((await failure(client.request(GET), KubeAnswerError)).message, /not valid JSON/);
    assert.match((await failure(client.request(GET), KubeAnswerError)).message, /not a JSON object/);
    assert.match((await failure(client.request(GET), KubeAnswerError)).message, /not valid JSON/);
    assert.match((await failure(client.request(GET), KubeAnswerError)).message, /not a JSON object/);
  });
});

describe("no answer", () => {
  test("nobody listens", async () => {
    const server = await startScriptedServer(() => undefined);
    await server.close();
    const client = connectKube(connection(server.url), { version: "0" });
    const error = await failure(client.request(GET), KubeUnreachableError);
    assert.equal(error.message, `cannot reach the API server ${server.url}: connection refused`);
    assert.equal(error.retryable, true);
    await client.close();
  });

  test("the name does not exist", async () => {
    const client = connectKube(connection("http://signet.invalid:1"), { version: "0" });
    const error = await failure(client.request(GET), KubeUnreachableError);
    assert.match(error.message, /its name (is not found|could not be looked up for now)$/);
    await client.close();
  });

  test("it is no TLS server", async () => {
    const { server } = await serving((response) => answer(response, 200, {}));
    const client = connectKube(connection(server.url.replace("http:", "https:")), { version: "0" });
    const error = await failure(client.request(GET), KubeUnreachableError);
    assert.match(error.message, /TLS/);
    await client.close();
  });

  test("the connection breaks before, or inside, the answer", async () => {
    const { client } = await serving((response, { url }) => {
      if (url === "/before") return void response.destroy();
      response.writeHead(200, { "content-length": "100" });
      response.write('{"a":', () => response.destroy());
    });
    for (const path of ["/before", "/inside"]) {
      const error = await failure(client.request({ method: "GET", path }), KubeUnreachableError);
      assert.match(error.message, /the connection broke$/);
    }
  });

  test("time passes before, or inside, the answer", async () => {
    const { client } = await serving((response, { url }) => {
      if (url === "/inside") response.write('{"a":');
    });
    for (const path of ["/before", "/inside"]) {
      const request = client.request({ method: "GET", path, timeoutMs: 50 });
      assert.match((await failure(request, KubeUnreachableError)).message, /no answer within 0.05 s$/);
    }
  });

  test("an aborted request throws the signal's reason", async () => {
    const { client } = await serving(() => undefined);
    const aborting = new AbortController();
    const waiting = client.request({ ...GET, signal: aborting.signal });
    const reason = new Error("enough");
    setTimeout(() => aborting.abort(reason), 20);
    await assert.rejects(waiting, (error) => error === reason);
    await assert.rejects(client.request({ ...GET, signal: aborting.signal }), (error) => error === reason);
    await assert.rejects(client.raw({ ...GET, signal: aborting.signal }), (error) => error === reason);
  });

  test("a token that no header can carry is not quoted", async () => {
    const { client } = await serving((response) => answer(response, 200, {}), { token: `a\n${CANARY}` });
    const error = await failure(client.request(GET), KubeUnreachableError);
    assert.match(error.message, /characters that HTTP does not allow/);
  });

  test("after close nothing is sent, and what was under way ends", async () => {
    const { client, server } = await serving(() => undefined);
    const waiting = failure(client.request(GET), KubeUnreachableError);
    const watching = failure(collect(client.watch({ method: "GET", path: "/w" })), KubeUnreachableError);
    while (server.seen.length < 2) await sleep(5);
    await client.close();
    assert.match((await waiting).message, /this client was closed/);
    assert.match((await watching).message, /this client was closed/);
    assert.match(
      (await failure(client.request(GET), KubeUnreachableError)).message,
      /this client was closed/,
    );
    assert.equal(server.seen.length, 2);
  });
});

describe("watches", () => {
  const line = (type: string, name: string) =>
    `${JSON.stringify({ type, object: { metadata: { name } } })}\n`;
  const WATCH = { method: "GET", path: "/api/v1/secrets" } as const;

  test("events come one by one, and a clean end ends the loop", async () => {
    const { client, server } = await serving(async (response) => {
      response.write(line("ADDED", "a") + line("MODIFIED", "b"));
      await sleep(20);
      response.end(line("ERROR", "c"));
    });
    const events = await collect(client.watch({ ...WATCH, query: { resourceVersion: "7" } }));
    assert.deepEqual(
      events.map(({ type, object }) => [type, object.metadata.name]),
      [
        ["ADDED", "a"],
        ["MODIFIED", "b"],
        ["ERROR", "c"],
      ],
    );
    assert.equal(server.seen[0]?.url, "/api/v1/secrets?watch=true&resourceVersion=7");
  });

  test("a refused watch throws the API error", async () => {
    const { client } = await serving((response) => answer(response, 410, { reason: "Expired" }));
    const error = await failure(collect(client.watch(WATCH)), KubeApiError);
    assert.match(error.message, /^cannot watch secrets: .* 410 Expired$/);
  });

  test("a broken connection throws, also between two events and inside one", async () => {
    const { client } = await serving((response, { url }) => {
      const text = url.startsWith("/inside") ? '{"type":' : line("ADDED", "a");
      if (url.startsWith("/cut")) return void response.end(`${line("ADDED", "a")}{"type":`);
      response.write(text, () => response.destroy());
    });
    for (const path of ["/between", "/inside", "/cut"]) {
      const error = await failure(collect(client.watch({ ...WATCH, path })), KubeUnreachableError);
      assert.match(error.message, /the connection broke|ended inside an event/);
      assert.ok(!(error instanceof WatchIdleError));
    }
  });

  test("silence for idleMs ends it; any byte starts the count anew", async (context) => {
    const stream = Promise.withResolvers<ServerResponse>();
    const { client } = await serving((response) => {
      response.write(line("ADDED", "0"));
      stream.resolve(response);
    });
    context.mock.timers.enable({ apis: ["setTimeout"] });
    const events: WatchEvent[] = [];
    const watching = (async () => {
      for await (const event of client.watch({ ...WATCH, idleMs: 400 })) events.push(event);
    })();
    const ended = failure(watching, WatchIdleError);
    for (let count = 1; count <= 6; count++) {
      await lookUntil({ what: `event ${count}`, boundMs: patienceMs(20_000) }, () => events.length === count);
      await settle();
      context.mock.timers.tick(399);
      (await stream.promise).write(line("ADDED", `${count}`));
    }
    await lookUntil({ what: "the last event", boundMs: patienceMs(20_000) }, () => events.length === 7);
    await settle();
    context.mock.timers.tick(400);
    await ended;
    assert.equal(events.length, 7);
  });

  test("time that the reader takes is not silence", async (context) => {
    const stream = Promise.withResolvers<ServerResponse>();
    const { client } = await serving((response) => {
      response.write(line("ADDED", "a"));
      stream.resolve(response);
    });
    context.mock.timers.enable({ apis: ["setTimeout"] });
    let events = 0;
    for await (const _ of client.watch({ ...WATCH, idleMs: 150 })) {
      events += 1;
      context.mock.timers.tick(300);
      await settle();
      if (events === 1) (await stream.promise).end(line("ADDED", "b"));
    }
    assert.equal(events, 2);
  });

  test("abort ends the loop silently: before, while opening, and while waiting", async () => {
    const { client, server } = await serving((response, { url }) => {
      if (!url.startsWith("/never")) response.write(line("ADDED", "a"));
    });
    assert.deepEqual(await collect(client.watch({ ...WATCH, signal: AbortSignal.abort() })), []);
    assert.equal(server.seen.length, 0);
    const opening = new AbortController();
    setTimeout(() => opening.abort(), 30);
    assert.deepEqual(await collect(client.watch({ ...WATCH, path: "/never", signal: opening.signal })), []);
    const waiting = new AbortController();
    let events = 0;
    for await (const _ of client.watch({ ...WATCH, signal: waiting.signal })) {
      events += 1;
      setTimeout(() => waiting.abort(), 30);
    }
    assert.equal(events, 1);
  });

  test("headers that do not come within timeoutMs", async () => {
    const { client } = await serving(() => undefined);
    const error = await failure(collect(client.watch({ ...WATCH, timeoutMs: 50 })), KubeUnreachableError);
    assert.match(error.message, /no answer within 0.05 s/);
  });

  test("timeoutMs does not bound what comes after the headers", async (context) => {
    const stream = Promise.withResolvers<ServerResponse>();
    const { client } = await serving((response) => {
      response.write(line("ADDED", "a"));
      stream.resolve(response);
    });
    context.mock.timers.enable({ apis: ["setTimeout"] });
    let events = 0;
    for await (const _ of client.watch({ ...WATCH, timeoutMs: 100 })) {
      events += 1;
      if (events > 1) continue;
      setImmediate(() => {
        context.mock.timers.tick(250);
        void stream.promise.then((response) => response.end(line("ADDED", "b")));
      });
    }
    assert.equal(events, 2);
  });

  test("a reader who stops frees the connection", async () => {
    let ended = false;
    const { client } = await serving((response) => {
      response.on("close", () => {
        ended = true;
      });
      response.write(line("ADDED", "a"));
    });
    for await (const _ of client.watch(WATCH)) break;
    await lookUntil({ what: "the end of the connection", boundMs: patienceMs(20_000) }, () => ended);
  });

  test("many watches do not starve requests", async () => {
    const { client, server } = await serving((response, { url }) => {
      if (url.startsWith("/w")) response.write(line("ADDED", "a"));
      else answer(response, 200, {});
    });
    const aborting = new AbortController();
    const watches = Array.from({ length: 40 }, () =>
      collect(client.watch({ ...WATCH, path: "/w", signal: aborting.signal })),
    );
    while (server.seen.length < 40) await sleep(5);
    await client.request(GET);
    aborting.abort();
    assert.equal((await Promise.all(watches)).length, 40);
  });

  test("what is no event is refused without being quoted", async () => {
    const { client } = await serving((response) => void response.end(`{"token":"${CANARY}"}\n`));
    const error = await failure(collect(client.watch(WATCH)), KubeAnswerError);
    assert.match(error.message, /not of the form/);
  });
});

test("a server that accepts and says nothing hits the deadline", async () => {
  const mute = createServer();
  await new Promise<void>((resolve) => mute.listen(0, "127.0.0.1", resolve));
  const address = mute.address();
  assert.ok(typeof address === "object" && address !== null);
  const client = connectKube(connection(`http://127.0.0.1:${address.port}`), { version: "0" });
  await failure(client.request({ ...GET, timeoutMs: 60 }), KubeUnreachableError);
  await client.close();
  mute.close();
});
