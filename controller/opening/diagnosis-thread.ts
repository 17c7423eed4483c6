import type { KeyObject } from "node:crypto";
import { Worker } from "node:worker_threads";
import type { Bytes } from "../../shared/bytes.ts";
import type { RawBlockVerdict } from "../../shared/seal/oaep.ts";
import type { BlockJudge } from "../../shared/seal/raw-block.node.ts";
import type { DiagnosisRequest } from "./diagnosis-worker.ts";

/** How a DiagnosisThread behaves, where not as usual. */
export type DiagnosisThreadOptions = {
  /** Time without work after which the thread ends. Default: a minute. */
  idleMs?: number;
  /** Time an answer may take. Default: ten seconds, some thousand times what it takes. */
  timeoutMs?: number;
  /** Starts a thread that answers requests. */
  start?: () => Worker;
};

/**
 * Where the bare RSA operation of the diagnosis runs: node:crypto offers it only as a call that holds up its thread, so it
 * has one of its own. It starts with the first diagnosis, takes one block at a time, and starts again after it died; what
 * was asked then has no judgement, and nothing fails.
 */
export class DiagnosisThread {
  readonly #idleMs: number;
  readonly #timeoutMs: number;
  readonly #start: () => Worker;
  #worker: Worker | null = null;
  #idle: NodeJS.Timeout | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ idleMs = 60_000, timeoutMs = 10_000, start = startWorker }: DiagnosisThreadOptions = {}) {
    this.#idleMs = idleMs;
    this.#timeoutMs = timeoutMs;
    this.#start = start;
  }

  /** Judges a block in the thread, after those asked for before. @returns null when the thread failed; never rejects. */
  readonly judge: BlockJudge = (key, block) => {
    const verdict = this.#last.then(() => this.#ask(key, block));
    this.#last = verdict;
    return verdict;
  };

  /** Whether a thread is there now. */
  get isRunning(): boolean {
    return this.#worker !== null;
  }

  /** Ends the thread; the next judgement starts another. */
  async stop(): Promise<void> {
    clearTimeout(this.#idle);
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  async #ask(key: KeyObject, block: Bytes): Promise<RawBlockVerdict | null> {
    clearTimeout(this.#idle);
    let worker: Worker;
    try {
      worker = this.#worker ??= this.#watched(this.#start());
    } catch {
      return null;
    }
    // Somebody waits: the process stays for that, and for no idle thread.
    worker.ref();
    const verdict = await answerOf(worker, { key, block }, this.#timeoutMs);
    if (verdict === null) await this.stop();
    else {
      worker.unref();
      this.#idle = setTimeout(() => void this.stop(), this.#idleMs).unref();
    }
    return verdict;
  }

  #watched(worker: Worker): Worker {
    // Without a listener an error would end the process.
    worker.on("error", () => {});
    worker.once("exit", () => {
      if (this.#worker === worker) this.#worker = null;
    });
    return worker;
  }
}

/** The thread of this process. */
export const diagnosisThread = new DiagnosisThread();

function startWorker(): Worker {
  // As sources, or bundled: each beside the file this stands in.
  const file = import.meta.url.endsWith(".ts") ? "./diagnosis-worker.ts" : "./diagnosis-worker.mjs";
  return new Worker(new URL(file, import.meta.url), {
    name: "diagnosis",
    // It needs nothing of what the process was given. No limits of memory: too narrow ones end the process.
    argv: [],
    env: {},
    execArgv: [],
  });
}

function answerOf(
  worker: Worker,
  request: DiagnosisRequest,
  timeoutMs: number,
): Promise<RawBlockVerdict | null> {
  return new Promise((resolve) => {
    const failed = () => settle(null);
    const settle = (verdict: RawBlockVerdict | null) => {
      clearTimeout(timer);
      worker.off("message", settle).off("messageerror", failed).off("error", failed).off("exit", failed);
      resolve(verdict);
    };
    const timer = setTimeout(failed, timeoutMs);
    worker.on("message", settle).on("messageerror", failed).on("error", failed).on("exit", failed);
    worker.postMessage(request);
  });
}
