import { SealError, wordsOf } from "../../shared/errors.ts";
import { KeyServiceError } from "../../shared/seal/key-service-error.ts";
import { readOpeningKey } from "../../shared/seal/opening-key.node.ts";
import type { OpeningKey } from "../../shared/seal/opening-key.ts";
import { wrappingKeyOf, wrappingKeyText } from "../../shared/seal/wrapping-key.ts";
import { diagnosisThread } from "../opening/diagnosis-thread.ts";
import { type Backoff, backoffMs } from "../runtime/backoff.ts";
import type { Clock } from "../runtime/clock.ts";
import type { KeyPlace, KeyWrapping } from "./key-wrapping.ts";
import { type CallSays, SharedWaits } from "./shared-waits.ts";

/** A sealing key as a Secret holds it wrapped, with the place it is bound to. */
export type WrappedKey = KeyPlace & {
  /** What stands in the item tls.key. */
  text: string;
};

/** What is known of a wrapped key. */
export type Unwrapping =
  | { state: "open"; opening: OpeningKey }
  /** It will not open as it stands. `problem` is a sentence about the Secret, without its subject's name. */
  | { state: "refused"; problem: string }
  /** Not unwrapped yet; `problem` is null while the first answer is out. */
  | { state: "waiting"; problem: KeyServiceError | null };

/** What wrapped keys are opened with. */
export type WrappedKeysParts = {
  wrapping: Pick<KeyWrapping, "unwrap">;
  clock: Clock;
  /** Told when something else is known of the key of a Secret. */
  onNews: (name: string) => void;
  /** Told of each attempt at unwrapping a key. */
  onAttempt?: (outcome: UnwrapOutcome) => void;
  random?: () => number;
};

/** What came of one attempt. */
export type UnwrapOutcome = "unwrapped" | "refused" | "unavailable" | "denied";

const PASSING: Backoff = { baseMs: 1000, capMs: 60_000 };
/** Somebody has to change something first. */
const DENIED: Backoff = { baseMs: 30_000, capMs: 300_000 };

type Entry = { key: WrappedKey; known: Unwrapping; ending: AbortController };

/** What one attempt came to; `waitMs`: after which time to ask again, null for not at all. */
type Attempt = { known: Unwrapping; waitMs: number | null; says: CallSays };

/**
 * The wrapped sealing keys of this process. Each is unwrapped once and kept in memory; what its key service does not
 * open yet is asked for again, for ever, with growing waits: those under one wrapping key wait together while its service is
 * away, each for itself where it is refused.
 */
export class WrappedKeys {
  readonly #parts: WrappedKeysParts;
  /** By name of the Secret. */
  readonly #entries = new Map<string, Entry>();
  readonly #waits: SharedWaits;
  #isStopped = false;

  constructor(parts: WrappedKeysParts) {
    const { clock, random = Math.random } = parts;
    this.#parts = parts;
    this.#waits = new SharedWaits({ clock, random, backoff: PASSING, mostAskedMs: DENIED.capMs });
  }

  /** What is known of a key; the first look at it asks the key service, and `onNews` is told of the answer. */
  look(key: WrappedKey): Unwrapping {
    const held = this.#entries.get(key.name);
    if (held !== undefined && isSame(held.key, key)) return held.known;
    held?.ending.abort();
    const entry: Entry = {
      key,
      known: { state: "waiting", problem: null },
      ending: new AbortController(),
    };
    this.#entries.set(key.name, entry);
    if (!this.#isStopped) void this.#pursue(entry);
    return entry.known;
  }

  /**
   * Asks for a key right now, once. One that opens is known from then on.
   * @throws KeyServiceError when the key service could not or may not be asked; the signal's reason when aborted.
   */
  async prove(key: WrappedKey, signal: AbortSignal): Promise<void> {
    const known = await this.#ask(key, signal);
    if (known.state !== "open") throw new UnprovenKeyError();
    this.forget(key.name);
    this.#entries.set(key.name, { key, known, ending: new AbortController() });
  }

  /** Drops a key from memory, and asks for it no more. */
  forget(name: string): void {
    this.#entries.get(name)?.ending.abort();
    this.#entries.delete(name);
  }

  /** Asks for nothing any more. */
  stop(): void {
    this.#isStopped = true;
    for (const { ending } of this.#entries.values()) ending.abort();
  }

  async #pursue(entry: Entry): Promise<void> {
    const { clock } = this.#parts;
    const { key, ending } = entry;
    const { signal } = ending;
    const by = wrappingKeyOf(key.text);
    const waitsFor = by === null ? key.name : wrappingKeyText(by);
    const heldOff = (problem: KeyServiceError) => this.#learn(entry, { state: "waiting", problem });
    try {
      for (let failures = 0; ; ) {
        const attempt = () => this.#attempt(key, signal, failures + 1);
        const { known, waitMs, says } = await this.#waits.inTurn(waitsFor, attempt, heldOff, signal);
        signal.throwIfAborted();
        this.#learn(entry, known);
        if (waitMs === null) return;
        // The shared wait counts its own.
        if (says === "answers") failures += 1;
        await clock.sleep(waitMs, signal);
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #learn(entry: Entry, known: Unwrapping): void {
    if (entry.ending.signal.aborted) return;
    const isNews = !saysTheSame(entry.known, known);
    entry.known = known;
    if (isNews) this.#parts.onNews(entry.key.name);
  }

  /** @param nth how often it will have been refused in a row, if it is now. */
  async #attempt(key: WrappedKey, signal: AbortSignal, nth: number): Promise<Attempt> {
    const { onAttempt, random = Math.random } = this.#parts;
    try {
      const known = await this.#ask(key, signal);
      onAttempt?.(known.state === "open" ? "unwrapped" : "refused");
      return { known, waitMs: null, says: "answers" };
    } catch (error) {
      const problem = error instanceof KeyServiceError ? error : unforeseen(error);
      if (signal.aborted) return { known: { state: "waiting", problem }, waitMs: null, says: "nothing" };
      onAttempt?.(problem.retryable ? "unavailable" : "denied");
      const known: Unwrapping = { state: "waiting", problem };
      // Options do not change while the process runs.
      if (problem.fault === "not-allowed") return { known, waitMs: null, says: "nothing" };
      if (problem.retryable) return { known, waitMs: 0, says: { failed: problem } };
      return { known, waitMs: backoffMs(nth, DENIED, random), says: "answers" };
    }
  }

  async #ask({ text, ...place }: WrappedKey, signal: AbortSignal): Promise<Unwrapping> {
    const unwrapped = await this.#parts.wrapping.unwrap(text, place, signal);
    if ("refused" in unwrapped) return { state: "refused", problem: unwrapped.refused };
    try {
      return { state: "open", opening: await readOpeningKey(unwrapped.pem, diagnosisThread.judge) };
    } catch (error) {
      const problem = error instanceof SealError ? error.message : "cannot be read";
      return { state: "refused", problem: `tls.key, unwrapped, ${problem}` };
    } finally {
      unwrapped.pem.fill(0);
    }
  }
}

/** A key that was just wrapped does not unwrap. */
export class UnprovenKeyError extends SealError {
  override readonly code = "unproven-key";
  override readonly retryable = true;

  /** Names nothing: whoever asked knows which key it was. */
  constructor() {
    super(
      "the new key does not unwrap after it was wrapped, so it was not written",
      "check the key that --sealing-key-wrap names, and that it binds what it encrypts",
    );
  }
}

/** It may pass as well as not. */
function unforeseen(error: unknown): KeyServiceError {
  const hint = error instanceof SealError ? error.hint : "please report it with the log";
  return new KeyServiceError("unavailable", wordsOf(error), hint);
}

function isSame(a: WrappedKey, b: WrappedKey): boolean {
  return a.text === b.text && a.certificate === b.certificate && a.namespace === b.namespace;
}

function saysTheSame(a: Unwrapping, b: Unwrapping): boolean {
  if (a.state !== "waiting" || b.state !== "waiting") return false;
  return a.problem?.message === b.problem?.message;
}
