import type { RemoteBackend } from "../../shared/seal/codec.ts";
import type { GateChange } from "../../shared/seal/key-gate.ts";
import type { KeyServiceFault } from "../../shared/seal/key-service-error.ts";
import type { Log } from "../log.ts";

/** Long enough for whoever waits for the gate to come and try it. */
const GRACE_MS = 2 * 60_000;
const TOLD_AGAIN_MS = 10 * 60_000;
const MOST_KEYS = 1000;

const PASSING: ReadonlySet<KeyServiceFault> = new Set(["unavailable", "throttled", "credentials"]);

/**
 * Lines of the log within ten minutes. Whom a pattern lets name any number of keys, each of them missing, must not fill it,
 * nor keep an outage from being told.
 */
const MOST_LINES = { passing: 100, refused: 20 };
type Kind = keyof typeof MOST_LINES;

/** `toldAtMs`: null where there was no line left for it. */
type Noted = { fault: KeyServiceFault; closedUntilMs: number | null; toldAtMs: number | null };

/**
 * Tells in the log when a key of a key service begins to fail and when it works again, each once, and counts those that
 * fail now by a fault that passes. A refusal is told only: one tenant can have as many as he likes, by keys that are missing.
 */
export class GateWatch {
  readonly #log: Log;
  readonly #now: () => number;
  /** By service and key; the latest change last. */
  readonly #noted = new Map<string, Noted>();
  readonly #told: Record<Kind, { sinceMs: number; lines: number }>;

  /** @param now ms of a clock that never jumps. */
  constructor(log: Log, now: () => number) {
    this.#log = log;
    this.#now = now;
    this.#told = { passing: { sinceMs: now(), lines: 0 }, refused: { sinceMs: now(), lines: 0 } };
  }

  /** Takes in a change. */
  note(change: GateChange): void {
    const { key } = change;
    const before = this.#noted.get(key);
    if (change.state !== "closed") {
      if (before === undefined) return;
      if (kindOf(before.fault) === "refused") this.#set(key, { ...before, closedUntilMs: null });
      else this.#noted.delete(key);
      if (change.state === "open" && before.toldAtMs !== null && kindOf(before.fault) === "passing")
        this.#log.info({ key }, "A key service works again");
      return;
    }
    const now = this.#now();
    const { fault, waitMs } = change;
    const toldAtMs = before?.fault === fault ? before.toldAtMs : null;
    const isNews = toldAtMs === null || now - toldAtMs >= TOLD_AGAIN_MS;
    const tells = isNews && this.#mayTell(kindOf(fault), now);
    this.#set(key, { fault, closedUntilMs: now + waitMs, toldAtMs: tells ? now : toldAtMs });
    const retryInMs = Math.round(waitMs);
    if (tells) this.#log.warn({ key, fault, retryInMs }, "A key service fails, will ask again");
  }

  /** Keys that fail now, by service. One that nobody has asked for since its time was over does not count. */
  counts(): Record<RemoteBackend, number> {
    const counts: Record<RemoteBackend, number> = { kms: 0, vault: 0 };
    const now = this.#now();
    for (const [key, { fault, closedUntilMs }] of this.#noted) {
      const fails = closedUntilMs !== null && now < closedUntilMs + GRACE_MS;
      if (fails && kindOf(fault) === "passing") counts[key.startsWith("kms:") ? "kms" : "vault"] += 1;
    }
    return counts;
  }

  #mayTell(kind: Kind, now: number): boolean {
    const told = this.#told[kind];
    if (now - told.sinceMs >= TOLD_AGAIN_MS) this.#told[kind] = { sinceMs: now, lines: 0 };
    const { lines } = this.#told[kind];
    this.#told[kind].lines += 1;
    if (lines === MOST_LINES[kind])
      this.#log.warn({ lines }, "More keys of key services fail, which are not told one by one");
    return lines < MOST_LINES[kind];
  }

  #set(key: string, noted: Noted): void {
    this.#noted.delete(key);
    this.#noted.set(key, noted);
    if (this.#noted.size <= MOST_KEYS) return;
    const [oldest] = this.#noted.keys();
    const refused = [...this.#noted].find(([, { fault }]) => kindOf(fault) === "refused");
    const forgotten = refused?.[0] ?? oldest;
    if (forgotten !== undefined) this.#noted.delete(forgotten);
  }
}

function kindOf(fault: KeyServiceFault): Kind {
  return PASSING.has(fault) ? "passing" : "refused";
}
