// The thread that DiagnosisThread starts: judges one block after the other.
import type { KeyObject } from "node:crypto";
import { parentPort } from "node:worker_threads";
import type { Bytes } from "../../shared/bytes.ts";
import { judgeBlockHere } from "../../shared/seal/raw-block.node.ts";

/** A block to judge. The key is a handle to the other thread's: its bytes are not copied, and it is not kept. */
export type DiagnosisRequest = { key: KeyObject; block: Bytes };

parentPort?.on("message", async ({ key, block }: DiagnosisRequest) => {
  // What goes wrong here ends the thread, which the other side takes for no judgement.
  parentPort?.postMessage(await judgeBlockHere(key, block));
});
