import type { Priority } from "../../../controller/runtime/ready-order.ts";
import { type Handled, Workqueue, type WorkqueueOptions } from "../../../controller/runtime/workqueue.ts";
import { type FakeClock, settle } from "../../support/fake-clock.ts";

/** A queue whose waits are exact: no jitter below the full wait. */
export function queueOn(clock: FakeClock, options: Partial<WorkqueueOptions> = {}): Workqueue {
  return new Workqueue({ clock, random: () => 1 - Number.EPSILON, ...options });
}

/** Runs the queue for the length of `during`, then stops it and waits for its end. */
export async function running(
  queue: Workqueue,
  workers: number,
  handle: (key: string, priority: Priority) => Promise<Handled>,
  during: () => Promise<void>,
): Promise<void> {
  const stopping = new AbortController();
  const run = queue.run(workers, handle, stopping.signal);
  try {
    await during();
  } finally {
    stopping.abort();
    await run;
  }
}

/** Workers who hold what they were given until the test lets it go. */
export class Hands {
  readonly seen: string[] = [];
  readonly #held = new Map<string, (fails: boolean) => void>();
  #open = false;

  readonly handle = async (key: string): Promise<Handled> => {
    this.seen.push(key);
    if (this.#open) return undefined;
    const fails = await new Promise<boolean>((resolve) => this.#held.set(key, resolve));
    if (fails) throw new Error("no");
    return undefined;
  };

  /** Ends the handling of a key. */
  async end(key: string, fails = false): Promise<void> {
    this.#held.get(key)?.(fails);
    await settle();
  }

  /** Runs the queue for the length of `during`, then lets everything go. */
  async run(queue: Workqueue, workers: number, during: () => Promise<void>): Promise<void> {
    await running(queue, workers, this.handle, async () => {
      try {
        await during();
      } finally {
        this.#open = true;
        for (const end of this.#held.values()) end(false);
      }
    });
  }
}
