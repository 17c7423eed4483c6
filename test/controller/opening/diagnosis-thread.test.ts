import assert from "node:assert/strict";
import {
  constants,
  createHash,
  createPrivateKey,
  createPublicKey,
  publicEncrypt,
  randomBytes,
} from "node:crypto";
import { suite, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import {
  DiagnosisThread,
  type DiagnosisThreadOptions,
} from "../../../controller/opening/diagnosis-thread.ts";
import { FailureMemory } from "../../../controller/opening/failure-memory.ts";
import { utf8 } from "../../../shared/bytes.ts";
import { classicUnsealer } from "../../../shared/seal/classic-unsealer.ts";
import { readOpeningKey } from "../../../shared/seal/opening-key.node.ts";
import { judgeBlockHere } from "../../../shared/seal/raw-block.node.ts";
import { seal, sealer2048, signal, sizes, strict } from "../../support/classic-codec.ts";
import { settledWithin } from "../../support/look-until.ts";
import { patienceMs } from "../../support/patience.ts";
import { processorTime } from "../../support/processor-time.ts";
import { readTestKey } from "../../support/vectors.ts";

const BOUND_MS = patienceMs(30_000);
const source = new URL("../../../controller/opening/diagnosis-worker.ts", import.meta.url);

function keyNamed(name: string) {
  return createPrivateKey(readTestKey(name).privatePem);
}

function blockFor(name: string, label = "team/db", bytes = 32): Uint8Array<ArrayBuffer> {
  const key = createPublicKey(keyNamed(name));
  const oaep = { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" };
  return new Uint8Array(publicEncrypt({ ...oaep, oaepLabel: utf8(label) }, randomBytes(bytes)));
}

/** A thread that ends with the test, and the workers it started. */
function scene(t: TestContext, options: DiagnosisThreadOptions = {}) {
  const workers: Worker[] = [];
  const thread = new DiagnosisThread({
    start: () => {
      const worker = new Worker(source);
      workers.push(worker);
      return worker;
    },
    ...options,
  });
  t.after(() => thread.stop());
  return { thread, workers };
}

/** A worker of this text, by default one that takes questions and gives no answer. */
function answeringBy(code = ""): () => Worker {
  const listening = `require("node:worker_threads").parentPort.on("message", () => {${code}});`;
  return () => new Worker(listening, { eval: true, stderr: true });
}

suite("the diagnosis in a thread of its own", () => {
  for (const size of sizes) {
    test(`says the same as in the calling thread, ${size} bits`, async (t) => {
      const { thread } = scene(t);
      const key = keyNamed(size);
      const good = blockFor(size);
      const verdict = await thread.judge(key, good);
      assert.equal(verdict?.wellFormed, true);
      assert.deepEqual(Buffer.from(verdict.labelHash), createHash("sha256").update("team/db").digest());
      const above = new Uint8Array(good.length).fill(255);
      for (const block of [good, blockFor(size, "", 32), blockFor(size, "x", 31), above]) {
        assert.deepEqual(await thread.judge(key, block), await judgeBlockHere(key, block));
      }
    });
  }

  test("as the process has it: found beside its source", async (t) => {
    const thread = new DiagnosisThread();
    t.after(() => thread.stop());
    const verdict = await thread.judge(keyNamed("2048"), blockFor("2048"));
    assert.equal(verdict?.wellFormed, true);
  });

  test("gives each of many questions at once its own answer, one at a time", async (t) => {
    const { thread, workers } = scene(t);
    const labels = Array.from({ length: 20 }, (_, at) => `team/${at}`);
    const answers = labels.map((label) => thread.judge(keyNamed("2048"), blockFor("2048", label)));
    for (const [at, answer] of (await Promise.all(answers)).entries()) {
      const hash = createHash("sha256").update(`team/${at}`).digest();
      assert.deepEqual(Buffer.from(answer?.labelHash ?? []), hash);
    }
    assert.equal(workers.length, 1);
  });

  test("gives nothing of the block away", async (t) => {
    const { thread } = scene(t);
    const verdict = await thread.judge(keyNamed("2048"), blockFor("2048"));
    assert.deepEqual(Object.keys(verdict ?? {}).sort(), ["labelHash", "wellFormed"]);
    assert.equal(verdict?.labelHash.buffer.byteLength, 32);
  });

  test("starts with the first question, ends without work, starts again", async (t) => {
    const { thread, workers } = scene(t, { idleMs: 40 });
    assert.equal(thread.isRunning, false);
    for (let times = 1; times <= 2; times++) {
      assert.ok((await thread.judge(keyNamed("2048"), blockFor("2048"))) !== null);
      assert.equal(thread.isRunning, true);
      assert.equal(workers.length, times);
      const ended = new Promise((resolve) => workers.at(-1)?.once("exit", resolve));
      await settledWithin({ what: "its end", boundMs: BOUND_MS }, ended);
      assert.equal(thread.isRunning, false);
    }
  });

  test("does not end while there is work", async (t) => {
    const { thread, workers } = scene(t, { idleMs: 300 });
    // A clock of its own: on a busy machine a hundred milliseconds may be four hundred.
    t.mock.timers.enable({ apis: ["setTimeout"] });
    for (let times = 0; times < 6; times++) {
      assert.ok((await thread.judge(keyNamed("2048"), blockFor("2048"))) !== null);
      t.mock.timers.tick(299);
      assert.equal(thread.isRunning, true);
    }
    assert.equal(workers.length, 1);
    t.mock.timers.tick(1);
    assert.equal(thread.isRunning, false);
  });
});

suite("a thread that fails", () => {
  const refused: [string, () => Worker][] = [
    ["throws", answeringBy("throw new Error('canary')")],
    ["ends", answeringBy("process.exit(0)")],
    ["is not there", () => new Worker(new URL("file:///nowhere/diagnosis-worker.mjs"))],
    ["answers nothing", answeringBy()],
    [
      "cannot be started",
      () => {
        throw new Error("no more threads");
      },
    ],
  ];
  for (const [what, start] of refused) {
    test(`${what}: no judgement, and the next question has another thread`, async (t) => {
      let starts = 0;
      const { thread } = scene(t, {
        timeoutMs: what === "answers nothing" ? 200 : 20_000,
        start: () => {
          starts++;
          return starts === 1 ? start() : new Worker(source);
        },
      });
      const both = Promise.all([
        thread.judge(keyNamed("2048"), blockFor("2048")),
        // Asked for while the first is under way.
        sleep(1).then(() => thread.judge(keyNamed("2048"), blockFor("2048"))),
      ]);
      const [one, two] = await settledWithin({ what: "two answers", boundMs: BOUND_MS }, both);
      assert.equal(one, null);
      assert.ok(starts >= 2, "it is not asked again");
      if (what !== "answers nothing") assert.equal(two?.wellFormed, true);
      const three = await thread.judge(keyNamed("2048"), blockFor("2048"));
      assert.ok(what === "answers nothing" || three?.wellFormed);
    });
  }

  test("killed under way: the item is under an unknown key, its object is told, and nothing is remembered", async (t) => {
    const workers: Worker[] = [];
    // The first does not answer: one that does might be faster than what kills it.
    const start = () => {
      const worker = workers.length === 0 ? answeringBy()() : new Worker(source);
      workers.push(worker);
      return worker;
    };
    const { thread } = scene(t, { start });
    const slow = await readOpeningKey(readTestKey("2048").privatePem, (key, block) => {
      const verdict = thread.judge(key, block);
      if (workers.length < 2) setTimeout(() => void workers[0]?.terminate(), 20);
      return verdict;
    });
    const memory = new FailureMemory();
    const items = new Map([["a", await seal(sealer2048, utf8("x"), { ...strict, name: "other" })]]);
    const unsealer = classicUnsealer([slow], { diagnose: true, giveUpAfter: 10, memory });
    const before = await unsealer.unsealAll(items, { clusterId: null, scope: strict }, signal);
    assert.deepEqual(before.get("a"), { kind: "not-my-key" });
    assert.equal(memory.size, 0);
    const after = await unsealer.unsealAll(items, { clusterId: null, scope: strict }, signal);
    assert.equal(after.get("a")?.kind, "sealed-elsewhere");
    assert.equal(memory.size, 1);
  });
});

suite("an attack on the thread that serves", () => {
  test("24 keys and 10 items that none opens leave it free for its timers", async (t) => {
    const { thread } = scene(t);
    const inThread = await readOpeningKey(readTestKey("4096").privatePem, thread.judge);
    const here = await readOpeningKey(readTestKey("4096").privatePem);
    const stranger = Buffer.from(blockFor("4096"));
    stranger[1] = (stranger[1] ?? 0) ^ 0x10;
    const text = Buffer.concat([Buffer.from([2, 0]), stranger, Buffer.alloc(40)]).toString("base64");
    const items = new Map(Array.from({ length: 10 }, (_, at) => [String(at), text]));
    const worst = async (key: typeof here) => {
      const keys = Array.from({ length: 24 }, (_, at) => ({ ...key, fingerprint: `key ${at}` }));
      // The trials run elsewhere in any case.
      const refusing = keys.map((one) => ({ ...one, unwrap: async () => null }));
      // What the thread works between two turns of a timer; other programs do not count.
      let sinceTurn = processorTime();
      let lag = 0;
      const turn = () => {
        lag = Math.max(lag, sinceTurn());
        sinceTurn = processorTime();
      };
      const timer = setInterval(turn, 5);
      await sleep(20);
      const took = processorTime();
      const unsealer = classicUnsealer(refusing, { diagnose: true });
      const outcomes = await unsealer.unsealAll(items, { clusterId: null, scope: strict }, signal);
      const cpu = took();
      await sleep(20);
      turn();
      clearInterval(timer);
      assert.ok([...outcomes.values()].every(({ kind }) => kind === "not-my-key"));
      return { lag, cpu };
    };
    await thread.judge(keyNamed("4096"), blockFor("4096"));
    const blocked = await worst(here);
    const free = await worst(inThread);
    for (const [where, { lag, cpu }] of Object.entries({ here: blocked, "with the thread": free })) {
      t.diagnostic(`${where}: worst stretch ${lag.toFixed(0)} ms, processor time ${cpu.toFixed(0)} ms`);
    }
    assert.ok(blocked.cpu > 100 && blocked.lag > 100, "the control blocks");
    assert.ok(free.cpu < blocked.cpu / 4, `${free.cpu} ms of processor time`);
    assert.ok(free.lag < blocked.lag / 4, `${free.lag} ms`);
  });
});
