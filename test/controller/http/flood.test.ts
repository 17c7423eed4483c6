import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { connect, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { listen } from "../../../controller/http/listen.ts";
import { sealedManifest } from "../sealing-key.ts";
import { apiScene, newest } from "./api-scene.ts";

const good = JSON.stringify(
  await sealedManifest(newest, { namespace: "team", name: "db" }, { password: "x" }),
);
/** What the manifests give a health check. */
const PROBE_MS = 5000;

async function serving(context: TestContext, ...args: Parameters<typeof apiScene>): Promise<number> {
  const { server } = await apiScene(...args);
  const port = await listen(server, "127.0.0.1:0", "listen-addr");
  context.after(() => server.close());
  return port;
}

/** A health check over a connection of its own, however long it takes. @returns the status, or why there is none. */
function health(port: number, localAddress: string): Promise<number | string> {
  return new Promise((resolve) => {
    const sent = request(
      { host: "127.0.0.1", port, path: "/healthz", localAddress, agent: false },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      },
    );
    sent.on("error", (error) => resolve(error.message));
    sent.end();
  });
}

function holdConnections(port: number, localAddress: string, number: number): Socket[] {
  return Array.from({ length: number }, () => {
    const socket = connect({ port, host: "127.0.0.1", localAddress });
    socket.on("error", () => undefined);
    return socket;
  });
}

/** The server in a thread of its own: what it is busy with must not hold up who asks, nor the other way round. */
async function servingApart(
  context: TestContext,
): Promise<{ port: number; workedMs: () => Promise<number> }> {
  const worker = new Worker(new URL("./flooded-server.ts", import.meta.url));
  context.after(() => worker.terminate());
  const [port] = (await once(worker, "message")) as [number];
  const workedMs = async () => {
    const { user, system } = await worker.cpuUsage();
    return (user + system) / 1000;
  };
  return { port, workedMs };
}

for (const [name, from] of [
  ["another peer", "127.0.0.1"],
  ["the same peer", "127.0.0.9"],
] as const) {
  test(`health checks of ${name} are answered in time while verify is flooded over 300 connections`, async (context) => {
    const { port, workedMs } = await servingApart(context);
    const agent = new Agent({ keepAlive: true, maxSockets: 300 });
    const costly = Array.from({ length: 20_000 }, (_, at) => `k${at}: &a${at} x\n`).join("");
    let on = true;
    let answered = 0;
    const client = async (number: number): Promise<void> => {
      while (on) {
        await new Promise<void>((resolve) => {
          const options = { method: "POST", path: "/v1/verify", localAddress: "127.0.0.9", agent };
          const sent = request({ host: "127.0.0.1", port, ...options }, (answer) => {
            answer.resume();
            answer.on("close", () => resolve());
            answered += 1;
          });
          sent.on("error", () => resolve());
          sent.end(number % 30 === 0 ? costly : good);
        });
        await sleep(1000);
      }
    };
    const flood = Array.from({ length: 300 }, (_, number) => client(number));
    await sleep(500);
    const answers: (number | string)[] = [];
    for (let times = 0; times < 5 || answered <= 300; times++) {
      const before = await workedMs();
      const answer = await health(port, from);
      // What the server did first, by its own processor time: a machine with much else to do takes longer.
      answers.push((await workedMs()) - before < PROBE_MS ? answer : "no answer in time");
      await sleep(100);
    }
    on = false;
    agent.destroy();
    await Promise.all(flood);
    // A kubelet restarts a container after several failures in a row.
    const inARow = answers.filter((answer, at) => at > 0 && answer !== 200 && answers[at - 1] !== 200);
    assert.deepEqual(inARow, [], answers.join(", "));
  });
}

test("a peer that holds all its connections idle can still be answered", async (context) => {
  const port = await serving(context);
  const held = holdConnections(port, "127.0.0.9", 300);
  await sleep(300);
  for (let times = 0; times < 5; times++) assert.equal(await health(port, "127.0.0.9"), 200);
  for (const socket of held) socket.destroy();
});

test("of the connections of one peer those with a request under work are closed last", async (context) => {
  const gate = Promise.withResolvers<void>();
  const sealer = async () => {
    await gate.promise;
    return newest.sealer;
  };
  const port = await serving(context, {}, { sealer });
  const rotated = new Promise<number | string>((resolve) => {
    const options = { method: "POST", path: "/v1/rotate", localAddress: "127.0.0.9", agent: false };
    const sent = request({ host: "127.0.0.1", port, ...options }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.on("error", (error) => resolve(error.message));
    sent.end(good);
  });
  await sleep(100);
  const held = holdConnections(port, "127.0.0.9", 400);
  await sleep(300);
  gate.resolve();
  assert.equal(await rotated, 200);
  for (const socket of held) socket.destroy();
});
