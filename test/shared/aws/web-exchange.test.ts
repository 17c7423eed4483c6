import assert from "node:assert/strict";
import { createServer } from "node:net";
import { afterEach, suite, test } from "node:test";
import {
  ExchangeError,
  type WebExchange,
  type WebExchangeOptions,
  webExchange,
} from "../../../shared/aws/web-exchange.ts";
import { answer, startScriptedServer } from "../kube/scripted-server.ts";
import { startConnectProxy } from "../kube/tunnel-proxies.ts";

const limits = { connectTimeoutMs: 2000, requestTimeoutMs: 2000, env: {} };

/** Sends what the SDK would send there. */
function post(
  exchange: WebExchange,
  url: string,
  more: object = {},
  options: { abortSignal?: unknown } = {},
) {
  const { protocol, hostname, port } = new URL(url);
  return exchange.handle(
    {
      protocol,
      hostname,
      ...(port === "" ? {} : { port: Number(port) }),
      method: "POST",
      path: "/",
      headers: { "content-type": "text/plain" },
      body: "asked",
      ...more,
    },
    options,
  );
}

function saying(message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof ExchangeError && message.test(error.message);
}

suite("requests of the SDK", () => {
  let closers: (() => unknown)[] = [];
  const serve = async (handler: Parameters<typeof startScriptedServer>[0]) => {
    const server = await startScriptedServer(handler);
    closers.push(server.close);
    return server;
  };
  const opened = (options: WebExchangeOptions = limits) => {
    const exchange = webExchange(options);
    closers.push(exchange.destroy);
    return exchange;
  };

  afterEach(async () => {
    await Promise.all(closers.map((close) => close()));
    closers = [];
  });

  test("each machine that is sent to without TLS is told once, but this one", async () => {
    const told: string[] = [];
    // So that nothing leaves this machine: there is no such proxy.
    const env = { HTTP_PROXY: "http://127.0.0.1:1", HTTPS_PROXY: "http://127.0.0.1:1" };
    const exchange = opened({ ...limits, env, onPlainText: (host) => told.push(host) });
    for (const url of [
      "http://kms.example:81",
      "http://kms.example:81",
      "https://kms.example",
      "http://sts.example",
    ])
      await assert.rejects(post(exchange, url), saying(/./));
    const server = await serve((response) => answer(response, 200, {}));
    await post(exchange, server.url);
    assert.deepEqual(told, ["kms.example:81", "sts.example"]);
  });

  test("method, path, query, headers and body arrive; status, headers and body come back", async () => {
    const server = await serve((response) => {
      response.writeHead(418, { "x-one": "1", "x-two": ["a", "b"] }).end("answered");
    });
    const exchange = opened();
    const { response } = await post(exchange, server.url, {
      path: "/p",
      query: { a: "1 &", b: ["2", "3"], c: null },
    });
    assert.equal(response.statusCode, 418);
    assert.equal(response.headers["x-one"], "1");
    assert.equal(response.headers["x-two"], "a, b");
    assert.equal(Buffer.from(response.body).toString(), "answered");
    const [seen] = server.seen;
    assert.equal(`${seen?.method} ${seen?.url} ${seen?.body}`, "POST /p?a=1%20%26&b=2&b=3&c= asked");
    assert.equal(seen?.headers["content-type"], "text/plain");
    await post(exchange, server.url, { method: "GET", body: undefined });
    await post(exchange, server.url, { body: Uint8Array.of(65, 66) });
    assert.deepEqual(
      server.seen.slice(1).map(({ method, body }) => [method, body]),
      [
        ["GET", ""],
        ["POST", "AB"],
      ],
    );
  });

  test("a proxy of the environment is used, except where NO_PROXY or loopback says otherwise", async () => {
    const server = await serve((response) => answer(response, 200, { from: "server" }));
    const proxy = await serve((response) => answer(response, 200, { from: "proxy" }));
    const env: Record<string, string> = { HTTP_PROXY: proxy.url };
    const through = opened({ ...limits, env });
    const whoAnswers = async (url: string) =>
      Buffer.from((await post(through, url)).response.body).toString();
    assert.match(await whoAnswers(server.url), /server/);
    assert.match(await whoAnswers("http://kms.example"), /proxy/);
    assert.equal(proxy.seen[0]?.url, "http://kms.example/");
    env["NO_PROXY"] = "kms.example,0.0.0.0";
    assert.match(await whoAnswers(server.url.replace("127.0.0.1", "0.0.0.0")), /server/);
    assert.equal(proxy.seen.length, 1);
  });

  test("over TLS the proxy only passes on", async () => {
    const proxy = await startConnectProxy();
    closers.push(proxy.close);
    const server = await serve((response) => answer(response, 200, {}));
    const through = opened({ ...limits, env: { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}` } });
    // The far end speaks no TLS.
    const there = server.url.replace("http://127.0.0.1", "https://0.0.0.0");
    await assert.rejects(post(through, there), saying(/TLS|connection broke/));
    assert.equal(proxy.tunnels(), 1);
    assert.equal(server.seen.length, 0);
  });

  test("a redirect is not followed: the request is signed for one host", async () => {
    const other = await serve((response) => answer(response, 200, {}));
    const server = await serve((response) => {
      response.writeHead(307, { location: other.url }).end();
    });
    const exchange = opened();
    assert.equal((await post(exchange, server.url)).response.statusCode, 307);
    assert.equal(other.seen.length, 0);
  });

  test("silence, before or amid the answer, has an end", async () => {
    for (const begin of [false, true]) {
      const server = await serve((response) => {
        if (begin) response.writeHead(200, { "content-length": 100 }).write("{");
      });
      const exchange = opened({ ...limits, requestTimeoutMs: 60 });
      await assert.rejects(post(exchange, server.url), saying(/^no answer within 0\.06 s$/));
    }
  });

  test("an answer may be long, not endless", async () => {
    const KiB = 1024;
    const server = await serve((response, { body }) => {
      response.writeHead(200).end("x".repeat(Number(body)));
    });
    const exchange = opened();
    const { response } = await post(exchange, server.url, { body: `${256 * KiB}` });
    assert.equal(response.body.length, 256 * KiB);
    await assert.rejects(
      post(exchange, server.url, { body: `${256 * KiB + 1}` }),
      saying(/^the answer is longer than 256 KiB$/),
    );
  });

  test("why a server is not reached is said in our words", async () => {
    const exchange = opened();
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const address = silent.address();
    const port = typeof address === "object" ? address?.port : 0;
    await new Promise((resolve) => silent.close(resolve));
    await assert.rejects(post(exchange, `http://127.0.0.1:${port}`), saying(/^connection refused$/));
    await assert.rejects(
      post(exchange, "http://127.0.0.1:9", { headers: { authorization: "canary\n" } }),
      (error) => saying(/^the token or another header/)(error) && !`${error}`.includes("canary"),
    );
    exchange.destroy();
    await assert.rejects(post(exchange, `http://127.0.0.1:${port}`), { name: "AbortError" });
  });

  test("who aborts is answered by an error that the SDK does not try again", async () => {
    const stop = new AbortController();
    const server = await serve(() => stop.abort());
    const exchange = opened();
    await assert.rejects(post(exchange, server.url, {}, { abortSignal: stop.signal }), {
      name: "AbortError",
    });
    assert.equal(server.seen.length, 1);
  });
});
