import { wordsOf } from "../shared/errors.ts";
import { KubeApiError } from "../shared/kube/api-error.ts";
import type { KubeClient } from "../shared/kube/client.ts";
import type { Log } from "./log.ts";
import { collectSecret } from "./reconcile/collect.ts";
import type { WatchedObject } from "./reconcile/watched-object.ts";
import type { Clock } from "./runtime/clock.ts";
import { Workqueue } from "./runtime/workqueue.ts";

/** What collecting takes from the rest of the controller. */
export type CollectingParts = {
  client: KubeClient;
  clock: Clock;
  log: Log;
  /** Ends what is under way. */
  signal: AbortSignal;
};

/** A look once more, for a Secret that was on its way when its SealedSecret went: longer than what is under way may take. */
const LOOK_AGAIN_MS = 30_000;
/** Secrets that could not be deleted and are tried again; without the right to there would be ever more. */
const MOST_FAILING = 1000;

/** Deletes the Secrets of SealedSecrets that are gone, one after the other (`--old-gc-behavior`). */
export class Collecting {
  readonly #parts: CollectingParts;
  /** By `namespace/name/uid`. */
  readonly #queue: Workqueue;
  #toldRefusal = false;

  constructor(parts: CollectingParts) {
    const { clock, log } = parts;
    this.#parts = parts;
    this.#queue = new Workqueue({
      clock,
      onFailure: (key, error, failures, retryInMs) => {
        log.debug({ key, error: wordsOf(error), failures, retryInMs }, "Will look again");
        if (error instanceof KubeApiError && error.status === 403) this.#tellRefusal(error);
      },
    });
  }

  /** A SealedSecret is gone. One that said last that its Secret shall outlive it is heard, carried out or not. */
  gone({ namespace, name, uid, retains }: WatchedObject): void {
    if (retains || this.#queue.stats.failing >= MOST_FAILING) return;
    const key = `${namespace}/${name}/${uid}`;
    this.#queue.add(key);
    this.#queue.addAfter(key, LOOK_AGAIN_MS);
  }

  /** Collects until the signal aborts. */
  run(signal: AbortSignal): Promise<void> {
    return this.#queue.run(1, (key) => this.#collect(key), signal);
  }

  async #collect(key: string): Promise<undefined> {
    const { client, log, signal } = this.#parts;
    const [namespace = "", name = "", uid = ""] = key.split("/");
    const collected = await collectSecret({ namespace, name, uid }, { client, signal });
    if (collected !== "deleted") return;
    this.#toldRefusal = false;
    log.info({ namespace, name }, "Secret deleted with its SealedSecret");
  }

  /** Once, until one was deleted. */
  #tellRefusal(error: KubeApiError): void {
    if (this.#toldRefusal) return;
    this.#toldRefusal = true;
    this.#parts.log.warn(
      { error: wordsOf(error), hint: "grant delete on secrets, or start without --old-gc-behavior" },
      "Cannot delete the Secret of a SealedSecret that is gone, will retry",
    );
  }
}
