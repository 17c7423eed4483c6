import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, suite, test } from "node:test";
import { WebSocketServer } from "ws";
import { KubeApiError, KubeUnreachableError } from "../../../shared/kube/api-error.ts";
import type { PodStreamClient } from "../../../shared/kube/client.ts";
import { connectKube } from "../../../shared/kube/http-client.ts";
import type { UserEntry } from "../../../shared/kube/kubeconfig-file.ts";
import { StreamHttp } from "../../../shared/kube/stream-http.ts";
import { freePort } from "../../support/control-plane/host-network.ts";
import { type PortForwardServer, servePortForwards } from "../../support/port-forward-server.ts";

const GET = { method: "GET", path: "/", headers: {}, timeoutMs: 5000 } as const;
const closers: (() => Promise<void>)[] = [];

after(async () => {
  for (const close of closers) await close();
});

suite("streams to Pods", () => {
  test("carry bytes both ways, in pieces of any size", async () => {
    const echo = await listening(createTcpServer((socket) => socket.pipe(socket)));
    const { client, forwards } = await forwarding(() => echo);
    const stream = await client.openPodStream({ namespace: "ns", pod: "p", port: 8080 });
    const sent = Buffer.alloc(300_000, "abcdefg");
    stream.write(sent);
    const chunks: Buffer[] = [];
    for await (const chunk of stream) {
      chunks.push(chunk);
      if (Buffer.concat(chunks).length === sent.length) break;
    }
    assert.deepEqual(Buffer.concat(chunks), sent);
    assert.deepEqual(forwards.forwarded, ["ns/p:8080"]);
  });

  test("are asked for with the caller's credentials, each group by itself", async () => {
    const target = await answering();
    const user = { token: "t0ken", as: "jane", asGroups: ["dev", "ops, night"] };
    const { client, forwards } = await forwarding(() => target, user);
    (await client.openPodStream({ namespace: "ns", pod: "p", port: 1 })).destroy();
    const [request] = forwards.requests;
    assert.equal(request?.headers.authorization, "Bearer t0ken");
    assert.equal(request?.headers["impersonate-user"], "jane");
    const raw = request?.rawHeaders ?? [];
    const groups = raw.filter((_, index) => raw[index - 1]?.toLowerCase() === "impersonate-group");
    assert.deepEqual(groups, ["dev", "ops, night"]);
    assert.match(request?.headers["user-agent"] ?? "", /^signet\//);
  });

  test("are asked for once more with fresh credentials after a 401", async () => {
    const server = createServer();
    const tokens: (string | undefined)[] = [];
    const webSockets = new WebSocketServer({ noServer: true });
    server.on("upgrade", (request, socket, head) => {
      tokens.push(request.headers.authorization);
      if (tokens.length === 1) {
        writeFileSync(tokenFile, "second");
        socket.end("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n");
      } else webSockets.handleUpgrade(request, socket, head, () => {});
    });
    const folder = mkdtempSync(join(tmpdir(), "signet-pod-stream-"));
    const tokenFile = join(folder, "token");
    writeFileSync(tokenFile, "first");
    try {
      const client = connectTo(`http://127.0.0.1:${(await listening(server)).port}`, { tokenFile });
      (await client.openPodStream({ namespace: "ns", pod: "p", port: 1 })).destroy();
      assert.deepEqual(tokens, ["Bearer first", "Bearer second"]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("that are refused tell the status; a server without WebSockets is told apart", async () => {
    const { client } = await forwarding(() => null);
    const refused = client.openPodStream({ namespace: "forbidden", pod: "p", port: 1 });
    await assert.rejects(refused, (error) => error instanceof KubeApiError && error.status === 403);
    const plain = createServer((_request, response) => response.end("log in"));
    const other = connectTo(`http://127.0.0.1:${(await listening(plain)).port}`);
    await assert.rejects(other.openPodStream({ namespace: "ns", pod: "p", port: 1 }), (error) => {
      return error instanceof KubeApiError && error.status === 200;
    });
    const gone = connectTo(`http://127.0.0.1:${await freePort()}`);
    await assert.rejects(gone.openPodStream({ namespace: "ns", pod: "p", port: 1 }), (error) => {
      return error instanceof KubeUnreachableError && error.why === "connection refused";
    });
  });

  test("are not waited for longer than allowed", async () => {
    const silent = await listening(createTcpServer(() => {}));
    const client = connectTo(`http://127.0.0.1:${silent.port}`);
    await assert.rejects(
      client.openPodStream({ namespace: "ns", pod: "p", port: 1, timeoutMs: 50 }),
      (error) => {
        return error instanceof KubeUnreachableError && error.why === "no answer within 0.05 s";
      },
    );
  });

  test("end with our words, not the kubelet's, when nothing listens there", async () => {
    const { client } = await forwarding(() => null);
    const http = new StreamHttp(() => client.openPodStream({ namespace: "ns", pod: "p", port: 1 }), "p");
    await assert.rejects(http.ask(GET), /^Error: the kubelet cannot connect to the Pod's port$/);
  });

  test("end when what comes is no port-forward", async () => {
    const server = createServer();
    const webSockets = new WebSocketServer({ server });
    webSockets.on("connection", (socket) => socket.send("text"));
    const client = connectTo(`http://127.0.0.1:${(await listening(server)).port}`);
    const http = new StreamHttp(() => client.openPodStream({ namespace: "ns", pod: "p", port: 1 }), "p");
    await assert.rejects(http.ask(GET), /^Error: the kubelet sent what is no port-forward$/);
  });

  test("may announce the port in any split", async () => {
    const server = createServer();
    const webSockets = new WebSocketServer({ server });
    const answer = Buffer.from("HTTP/1.1 204 No Content\r\n\r\n");
    webSockets.on("connection", (socket) => {
      for (const piece of [[0], [1, 7], [0, 7], [1, 0], [0, 0, ...answer.subarray(0, 5)]]) {
        socket.send(Buffer.from(piece));
      }
      socket.send(Buffer.concat([Buffer.of(0), answer.subarray(5)]));
    });
    const client = connectTo(`http://127.0.0.1:${(await listening(server)).port}`);
    const http = new StreamHttp(() => client.openPodStream({ namespace: "ns", pod: "p", port: 7 }), "p");
    assert.equal((await http.ask(GET)).status, 204);
    http.close();
  });
});

suite("HTTP over streams", () => {
  test("keeps at most four streams, and opens anew what broke", async () => {
    const target = await answering();
    const { client, forwards } = await forwarding(() => target);
    const http = new StreamHttp(() => client.openPodStream({ namespace: "ns", pod: "p", port: 1 }), "p");
    const many = await Promise.all(Array.from({ length: 40 }, () => http.ask({ ...GET, path: "/x" })));
    assert.deepEqual(
      [...new Set(many.map(({ status, body }) => `${status} ${Buffer.from(body)}`))],
      ["200 GET /x p"],
    );
    assert.equal(forwards.forwarded.length, 4);
    forwards.breakConnections();
    const answer = await http.ask({ ...GET, method: "POST", body: "ünï", headers: { accept: "a/b" } });
    assert.equal(Buffer.from(answer.body).toString(), "POST / p ünï");
    assert.equal(answer.retryAfterSeconds, 3);
    assert.equal(answer.contentType, "text/x");
    http.close();
    await assert.rejects(http.ask(GET), /^Error: it was closed$/);
  });

  test("gives up when time is up, and when the answer is endless", async () => {
    const silent = await listening(createServer(() => {}));
    const { client } = await forwarding(() => silent);
    const http = new StreamHttp(() => client.openPodStream({ namespace: "ns", pod: "p", port: 1 }), "p");
    await assert.rejects(http.ask({ ...GET, timeoutMs: 50 }), /^Error: no answer within 0.05 s$/);
    const piece = Buffer.alloc(1024 * 1024);
    const endless = await listening(
      createServer((_request, response) => {
        const more = () => {
          while (!response.destroyed && response.write(piece));
        };
        response.on("drain", more);
        more();
      }),
    );
    const second = await forwarding(() => endless);
    const open = () => second.client.openPodStream({ namespace: "ns", pod: "p", port: 1 });
    await assert.rejects(new StreamHttp(open, "p").ask({ ...GET, timeoutMs: 20_000 }), /longer than 16 MiB$/);
  });

  test("tells a broken connection in our words", async () => {
    const rude = await listening(createTcpServer((socket) => void socket.end("no HTTP\r\n\r\n")));
    const { client } = await forwarding(() => rude);
    const http = new StreamHttp(() => client.openPodStream({ namespace: "ns", pod: "p", port: 1 }), "p");
    await assert.rejects(http.ask(GET), /^Error: the connection broke$/);
  });
});

/** An API server that forwards every Pod of every namespace but `forbidden`. */
async function forwarding(
  targetOf: Parameters<typeof servePortForwards>[2],
  user: UserEntry = {},
): Promise<{ client: PodStreamClient; forwards: PortForwardServer }> {
  const server = createServer((_request, response) => response.writeHead(404).end());
  const portOf = ({ pathname, searchParams }: URL) => {
    const [, namespace, pod] = /^\/api\/v1\/namespaces\/(.+)\/pods\/(.+)\/portforward$/.exec(pathname) ?? [];
    return namespace === "forbidden"
      ? null
      : { pod: `${namespace}/${pod}`, port: Number(searchParams.get("ports")) };
  };
  const forwards = servePortForwards(server, portOf, targetOf);
  closers.push(async () => forwards.breakConnections());
  const { port } = await listening(server);
  return { client: connectTo(`http://127.0.0.1:${port}`, user), forwards };
}

/** A web server that says what it was asked. */
function answering() {
  return listening(
    createServer(async (request, response) => {
      const words = [`${request.method} ${request.url} ${request.headers.host}`];
      for await (const chunk of request) words.push(Buffer.from(chunk).toString());
      response.writeHead(200, { "retry-after": "3", "content-type": "text/x" }).end(words.join(" "));
    }),
  );
}

function connectTo(server: string, user: UserEntry = {}): PodStreamClient {
  const client = connectKube(
    { source: "test", context: null, namespace: null, cluster: { server }, user },
    { version: "0" },
  );
  closers.push(() => client.close());
  return client;
}

async function listening(
  server: Server | ReturnType<typeof createTcpServer>,
): Promise<{ host: string; port: number }> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(async () => {
    if ("closeAllConnections" in server) server.closeAllConnections();
    server.close();
  });
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
}
