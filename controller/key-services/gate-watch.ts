import type { RemoteBackend } from "../../shared/seal/codec.ts";
import type { GateChange } from "../../shared/seal/key-gate.ts";
import type { KeyServiceFault } from "../../shared/seal/key-service-error.ts";
import type { Log } from "../log.ts";

/** Long enough for whoever waits for the gate to come and try it. */
const GRACE_MS = 2 * 60_000;
const TOLD_AGAIN_MS = 10 * 60_000;
const MOST_KEYS = 1000;

const PASSING: ReadonlySet<KeyServiceFault> = new Set(["unavailable", "throttled", "credentials"]);

type Noted = { fault: KeyServiceFault; closedUntilMs: number | null; toldAtMs: number };

/**
 * Tells in the log when a key of a key service begins to fail and when it works again, each once, and counts those that
 * fail now.
 */
export class GateWatch {
  readonly #log: Log;
  readonly #now: () => number;
  /** By service and key; the latest change last. */
  readonly #noted = new Map<string, Noted>();

  /** @param now ms of a clock that never jumps. */
  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /** Takes in a change. */
  note(change: GateChange): void {
    const { key } = change;
    const before = this.#noted.get(key);
    if (change.state === "open") {
      if (before === undefined) return;
      this.#set(key, { ...before, closedUntilMs: null });
      if (before.closedUntilMs === null || !PASSING.has(before.fault)) return;
      this.#noted.delete(key);
      this.#log.info({ key }, "A key service works again");
      return;
    }
    const now = this.#now();
    const { fault, waitMs } = change;
    const isNews = before?.fault !== fault || now - before.toldAtMs >= TOLD_AGAIN_MS;
    const toldAtMs = isNews ? now : before.toldAtMs;
    this.#set(key, { fault, closedUntilMs: now + waitMs, toldAtMs });
    const retryInMs = Math.round(waitMs);
    if (isNews) this.#log.warn({ key, fault, retryInMs }, "A key service fails, will ask again");
  }

  /** Keys that fail now, by service. One that nobody has asked for since its time was over does not count. */
  counts(): Record<RemoteBackend, number> {
    const counts: Record<RemoteBackend, number> = { kms: 0, vault: 0 };
    const now = this.#now();
    for (const [key, { closedUntilMs }] of this.#noted) {
      if (closedUntilMs !== null && now < closedUntilMs + GRACE_MS)
        counts[key.startsWith("kms:") ? "kms" : "vault"] += 1;
    }
    return counts;
  }

  #set(key: string, noted: Noted): void {
    this.#noted.delete(key);
    this.#noted.set(key, noted);
    for (const oldest of this.#noted.keys()) {
      if (this.#noted.size <= MOST_KEYS) break;
      this.#noted.delete(oldest);
    }
  }
}
