import assert from "node:assert/strict";
import { once } from "node:events";
import { request } from "node:http";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import type { FastifyInstance } from "fastify";
import { MAX_BODY_BYTES, WorkSlots } from "../../../controller/http/limits.ts";
import { ListenError, listen } from "../../../controller/http/listen.ts";
import type { OpeningKey } from "../../../shared/seal/rsa-hybrid.ts";
import { type Look, lookUntil } from "../../support/look-until.ts";
import { patienceMs } from "../../support/patience.ts";
import { sealedManifest } from "../sealing-key.ts";
import { apiScene, newest } from "./api-scene.ts";

const good = JSON.stringify(
  await sealedManifest(newest, { namespace: "team", name: "db" }, { password: "x" }),
);
const SLOW = { rate: 1, burst: 2 };
const until = <T>(what: string, look: Look<T>) => lookUntil({ what, boundMs: patienceMs(20_000) }, look);

test("a peer may send the burst and one more, then is refused in known words, with the time to wait", async () => {
  const { post } = await apiScene({ limits: SLOW });
  const answers = [];
  for (let times = 0; times < 4; times++) answers.push(await post("/v1/verify", good));
  assert.deepEqual(
    answers.map(({ statusCode }) => statusCode),
    [200, 200, 200, 429],
  );
  assert.deepEqual(
    answers.map(({ headers }) => String(headers["x-ratelimit-limit"])),
    ["3", "3", "3", "3"],
  );
  assert.deepEqual(
    answers.map(({ headers }) => String(headers["x-ratelimit-remaining"])),
    ["2", "1", "0", "0"],
  );
  const refused = answers[3] ?? assert.fail();
  assert.equal(refused.body, "limit exceeded\n");
  assert.match(String(refused.headers["retry-after"]), /^[1-3]$/);
  assert.match(String(refused.headers["x-ratelimit-reset"]), /^\d+$/);
});

test("each path has a budget of its own; the others have no limit", async () => {
  const { post, server } = await apiScene({ limits: { rate: 1, burst: 0 } });
  assert.equal((await post("/v1/verify", good)).statusCode, 200);
  assert.equal((await post("/v1/verify", good)).statusCode, 429);
  assert.equal((await post("/v1/rotate", good)).statusCode, 200);
  assert.equal((await post("/v1/rotate", good)).statusCode, 429);
  for (let times = 0; times < 20; times++) {
    for (const url of ["/healthz", "/readyz", "/v1/cert.pem"]) {
      assert.equal((await server.inject(url)).statusCode, 200);
    }
  }
});

const forwarding = [
  "x-forwarded-for",
  "x-real-ip",
  "forwarded",
  "x-client-ip",
  "cf-connecting-ip",
  "x-forwarded-host",
];
test("the peer is the other end of the connection: no header makes another one of it", async () => {
  const { post } = await apiScene({ limits: { rate: 1, burst: 0 } });
  assert.equal((await post("/v1/verify", good)).statusCode, 200);
  for (const name of forwarding) {
    const { statusCode } = await post("/v1/verify", good, { headers: { [name]: "10.9.8.7" } });
    assert.equal(statusCode, 429, name);
  }
});

test("another peer has a budget of its own", async () => {
  const { post } = await apiScene({ limits: { rate: 1, burst: 0 } });
  for (const remoteAddress of ["10.0.0.1", "10.0.0.2", "fd00::1"]) {
    assert.equal((await post("/v1/verify", good, { remoteAddress })).statusCode, 200);
    assert.equal((await post("/v1/verify", good, { remoteAddress })).statusCode, 429);
  }
});

test("all peers together have a limit too", async () => {
  const { post } = await apiScene({ limits: { rate: 0.01, burst: 0 } });
  const statuses: number[] = [];
  for (let peer = 1; peer <= 12; peer++) {
    statuses.push((await post("/v1/verify", good, { remoteAddress: `10.0.0.${peer}` })).statusCode);
  }
  assert.deepEqual(statuses, [...Array.from({ length: 10 }, () => 200), 429, 429]);
});

test("a peer that is refused does not use up what all peers share", async () => {
  const { post } = await apiScene({ limits: { rate: 1, burst: 0 } });
  for (let times = 0; times < 15; times++) await post("/v1/verify", good, { remoteAddress: "10.0.0.1" });
  assert.equal((await post("/v1/verify", good, { remoteAddress: "10.0.0.2" })).statusCode, 200);
});

test("bodies on their way are bounded in number, for each peer and in all, and freed when they end", async (t) => {
  const { server } = await apiScene({ limits: { rate: 1000, burst: 1000 } });
  const port = await listen(server, "127.0.0.1:0", "listen-addr");
  t.after(() => server.close());
  const head = "POST /v1/verify HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n{";
  const from = (address: string) => connect({ port, host: "127.0.0.1", localAddress: address });
  const held = ["127.0.0.2", "127.0.0.3", "127.0.0.4"].flatMap((address) =>
    Array.from({ length: 8 }, () => from(address)),
  );
  for (const socket of held) socket.write(head);
  const status = async (address: string) => {
    const asked = request({
      port,
      host: "127.0.0.1",
      localAddress: address,
      method: "POST",
      path: "/v1/verify",
    });
    asked.end(good);
    const [answer] = await once(asked, "response");
    answer.resume();
    return answer.statusCode;
  };
  await until("all peers together to hold 24", async () => (await status("127.0.0.5")) === 429);
  for (const socket of held.slice(0, 8)) socket.destroy();
  await until("bodies to be taken again", async () => (await status("127.0.0.5")) === 200);
  assert.equal(await status("127.0.0.3"), 429, "one peer holds 8");
  await until("its bodies to be forgotten", async () => (await status("127.0.0.2")) === 200);
  for (const socket of held) socket.destroy();
});

test("where nobody reads a body only a short one is taken in", async () => {
  const { server } = await apiScene();
  for (const url of ["/healthz", "/readyz", "/v1/cert.pem", "/nothing"]) {
    const payload = "x".repeat(17 * 1024);
    assert.equal((await server.inject({ url, method: "POST", payload })).statusCode, 413, url);
  }
});

test("refused requests are counted as such", async () => {
  const { post, metrics } = await apiScene({ limits: { rate: 1, burst: 0 } });
  await post("/v1/verify", good);
  await post("/v1/verify", good);
  assert.match(
    await metrics.registry.metrics(),
    /http_requests_total\{path="\/v1\/verify",code="429",method="post"\} 1/,
  );
});

test("a body beyond the bound is refused without being read to its end", async () => {
  const { post } = await apiScene();
  const within = `${good}${" ".repeat(MAX_BODY_BYTES - Buffer.byteLength(good))}`;
  for (const url of ["/v1/verify", "/v1/rotate"]) {
    assert.equal((await post(url, within)).statusCode, 200);
    const beyond = await post(url, `${within} `);
    assert.deepEqual([beyond.statusCode, beyond.body], [413, ""]);
  }
});

/** A key that waits until it is let go. */
function heldKey() {
  const let_ = Promise.withResolvers<void>();
  let waiting = 0;
  const key: OpeningKey = {
    ...newest.opening,
    async unwrap(block, label) {
      waiting++;
      await let_.promise;
      return newest.opening.unwrap(block, label);
    },
  };
  return { key, letGo: () => let_.resolve(), waiting: () => waiting };
}

test("two requests are worked on at once, over both endpoints; more are told to come back", async () => {
  const { key, letGo, waiting } = heldKey();
  const opening = () => ({
    clusterId: null,
    keys: [key],
    acceptWholeObject: true,
    diagnose: false,
    giveUpAfter: 1,
  });
  const { post } = await apiScene({}, { opening });
  const held = [post("/v1/verify", good), post("/v1/rotate", good)];
  await until("both under work", () => waiting() === 2);
  const refused = await post("/v1/verify", good);
  assert.deepEqual([refused.statusCode, refused.body], [429, "limit exceeded\n"]);
  assert.equal(refused.headers["retry-after"], "1");
  letGo();
  assert.deepEqual(
    (await Promise.all(held)).map(({ statusCode }) => statusCode),
    [200, 200],
  );
  assert.equal((await post("/v1/verify", good)).statusCode, 200, "the slots are free again");
});

test("a slot is given back when the work fails", async () => {
  const slots = new WorkSlots();
  const failing = () => slots.run("peer", () => Promise.reject(new Error("x")));
  for (let times = 0; times < 5; times++) await assert.rejects(failing(), /x/);
  assert.equal(await slots.run("peer", async () => "done"), "done");
});

test("one peer cannot take every slot", async () => {
  const slots = new WorkSlots();
  const gate = Promise.withResolvers<string>();
  const held = [slots.run("greedy", () => gate.promise), slots.run("greedy", () => gate.promise)];
  assert.equal(await slots.run("greedy", async () => "done"), null);
  assert.equal(await slots.run("other", async () => "done"), "done");
  gate.resolve("done");
  assert.deepEqual(await Promise.all(held), ["done", "done"]);
});

test("a peer that holds connections without end does not keep others out", async (context) => {
  const { server } = await apiScene();
  const port = await listening(context, server);
  const held = Array.from({ length: 300 }, () =>
    connect({ port, host: "127.0.0.1", localAddress: "127.0.0.9" }),
  );
  let closed = 0;
  for (const socket of held) {
    socket.on("error", () => undefined);
    socket.on("close", () => {
      closed += 1;
    });
  }
  const beyond = 300 - 256;
  await until("those beyond the bound to be closed", () => closed >= beyond);
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(closed, beyond, "what is beyond the bound of one peer is closed, and no more");
  const answer = await ask(port, { path: "/healthz", localAddress: "127.0.0.1" }, "");
  assert.equal(answer.status, 200);
  for (const socket of held) socket.destroy();
});

test("a body that does not come within its time ends the connection and frees its place", async (context) => {
  const { server } = await apiScene({
    limits: { rate: 1000, burst: 1000 },
    readTimeoutMs: 120_000,
    writeTimeoutMs: 120_000,
  });
  const slow: Socket[] = [];
  // Before the server, which waits for them.
  context.after(() => {
    for (const socket of slow) socket.destroy();
  });
  const port = await listening(context, server);
  context.mock.timers.enable({ apis: ["setTimeout"] });
  for (let times = 0; times < 8; times++) slow.push(connect({ port, host: "127.0.0.1" }));
  let ended = 0;
  for (const socket of slow) {
    socket
      .on("error", () => undefined)
      .on("close", () => {
        ended += 1;
      });
    socket.write("POST /v1/verify HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{");
  }
  const status = async () => (await ask(port, { method: "POST", path: "/v1/verify" }, good)).status;
  await until("all of them to be held", async () => (await status()) === 429);
  context.mock.timers.tick(9_999);
  assert.deepEqual([await status(), ended], [429, 0]);
  context.mock.timers.tick(1);
  await until("all of them to end", () => ended === slow.length);
  await until("their places", async () => (await status()) === 200);
});

test("work that runs out of time is a 500 without a word", async () => {
  const opening = () => {
    throw new DOMException("The operation was aborted due to timeout: hunter2", "TimeoutError");
  };
  const { post, lines } = await apiScene({}, { opening });
  const answer = await post("/v1/verify", good);
  assert.deepEqual([answer.statusCode, answer.body], [500, ""]);
  assert.ok(!lines.join("").includes("hunter2"));
});

test("the work gets a signal that ends it in time", async () => {
  let seen: AbortSignal | null = null;
  await new WorkSlots().run("peer", async (signal) => {
    seen = signal;
    return null;
  });
  assert.ok((seen as AbortSignal | null) instanceof AbortSignal);
});

async function listening(context: TestContext, server: FastifyInstance): Promise<number> {
  const port = await listen(server, "127.0.0.1:0", "listen-addr");
  context.after(() => server.close());
  return port;
}

function ask(port: number, options: object, body: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: "127.0.0.1", port, ...options }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

test("over a real connection: bodies in chunks, without a content type, and the limit by peer", async (context) => {
  const { server } = await apiScene({ limits: { rate: 1, burst: 0 } });
  const port = await listening(context, server);
  const chunked = { method: "POST", path: "/v1/verify", headers: { "transfer-encoding": "chunked" } };
  assert.deepEqual(await ask(port, chunked, good), { status: 200, text: "" });
  for (const from of ["127.0.0.1", "10.0.0.9"]) {
    const forged = { method: "POST", path: "/v1/verify", headers: { "x-forwarded-for": from } };
    assert.equal((await ask(port, forged, good)).status, 429);
  }
  const other = { method: "POST", path: "/v1/verify", localAddress: "127.0.0.2" };
  assert.equal((await ask(port, other, good)).status, 200);
});

test("HEAD is answered like GET, without the body", async (context) => {
  const { server } = await apiScene();
  const port = await listening(context, server);
  assert.deepEqual(await ask(port, { method: "HEAD", path: "/healthz" }, ""), { status: 200, text: "" });
});

test("a client that never ends its request does not hold up the end", async (context) => {
  const { server } = await apiScene();
  const port = await listen(server, "127.0.0.1:0", "listen-addr");
  const begun = once(server.server, "request");
  const socket = connect(port, "127.0.0.1");
  context.after(() => socket.destroy());
  socket.on("error", () => undefined);
  socket.write("POST /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf");
  await begun;
  let isClosed = false;
  context.mock.timers.enable({ apis: ["setTimeout"] });
  socket.on("close", () => {
    isClosed = true;
  });
  const closing = server.close();
  await until("the connection to be closed", () => {
    context.mock.timers.tick(100);
    return isClosed;
  });
  await closing;
});

test("a port in use is an error that names the address and the option", async (context) => {
  const first = await apiScene();
  const port = await listening(context, first.server);
  const second = await apiScene();
  await assert.rejects(
    listen(second.server, `127.0.0.1:${port}`, "listen-metrics-addr"),
    (error: unknown) => {
      assert.ok(error instanceof ListenError);
      assert.equal(error.message, `cannot listen on 127.0.0.1:${port}: the port is in use`);
      assert.match(error.hint, /--listen-metrics-addr/);
      return true;
    },
  );
});

for (const [address, why] of [
  ["256.0.0.1:0", /the host name is not known$/],
  ["127.0.0.1:70000", /./],
  ["no-such-host.invalid:0", /the host name is not known$/],
] as const) {
  test(`an address that cannot be bound is an error that names it and the cause: ${address}`, async () => {
    const { server } = await apiScene();
    await assert.rejects(listen(server, address, "listen-addr"), (error: unknown) => {
      assert.ok(error instanceof ListenError);
      assert.ok(error.message.startsWith(`cannot listen on ${address}: `));
      assert.match(error.message, why);
      return true;
    });
  });
}

test("without a host every address of the machine is bound", async () => {
  const { server } = await apiScene();
  const port = await listen(server, ":0", "listen-addr");
  assert.deepEqual(await ask(port, { path: "/healthz" }, ""), { status: 200, text: "ok\n" });
  await server.close();
});

/** A server that cannot bind some hosts. */
function unboundAt(hosts: readonly string[], code: string, asked: string[] = []): FastifyInstance {
  const listen = async ({ host = "" }: { host?: string }) => {
    asked.push(host);
    if (hosts.includes(host)) throw Object.assign(new Error("x"), { code });
    return "";
  };
  return { listen, server: { address: () => ({ port: 7 }) } } as unknown as FastifyInstance;
}

test("an address that is another machine's, and a port that is not everybody's, are told as such", async () => {
  for (const [code, why] of [
    ["EADDRNOTAVAIL", "this machine has no such address"],
    ["EACCES", "no right to"],
  ] as const) {
    const server = unboundAt(["10.0.0.9"], code);
    await assert.rejects(listen(server, "10.0.0.9:80", "listen-addr"), {
      message: `cannot listen on 10.0.0.9:80: ${why}`,
    });
  }
});

test("without a host, a machine without IPv6 listens on all addresses of IPv4", async () => {
  for (const code of ["EAFNOSUPPORT", "EADDRNOTAVAIL"]) {
    const asked: string[] = [];
    assert.equal(await listen(unboundAt(["::"], code, asked), ":7", "listen-addr"), 7);
    assert.deepEqual(asked, ["::", "0.0.0.0"]);
  }
  const none = unboundAt(["::", "0.0.0.0"], "EADDRNOTAVAIL");
  await assert.rejects(listen(none, ":7", "listen-addr"), ListenError);
});
