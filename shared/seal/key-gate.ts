import { KeyServiceError, type KeyServiceFault } from "./key-service-error.ts";
import { unlessAborted } from "./single-flight.ts";

/** Whom a call is for. */
export type GatedCall = {
  /** Service and key: when they fail, no other call for them is made for a while. */
  key: string;
  /** The part of a key's users that a denial is about, `""` for all: what the service denies one, it may allow another. */
  user: string;
};

/** Told when a gate closes, and when it opens again. */
export type GateChange = { key: string } & (
  | { state: "closed"; fault: KeyServiceFault; waitMs: number }
  | { state: "open" }
);

/** What gates go by, so that tests own it. */
export type KeyGateOptions = {
  /** Ms of a clock that never jumps. */
  now: () => number;
  /** At least 0, below 1. */
  random: () => number;
  onChange?: (change: GateChange) => void;
};

const SHORTEST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 5 * 60_000;
const REFUSED_WAIT_MS = 30_000;
/** A tenant whom a pattern lets name any number of keys must not fill the memory with their gates. */
const MOST_GATES = 1000;

/** The state of a key that failed; keys that work have none. */
type Closed = {
  untilMs: number;
  error: KeyServiceError;
  /** How many times in a row it failed; 0 for a refusal, which is not told from what stands behind it. */
  attempts: number;
  /** The one call that goes first, while it is under way; resolves whatever comes of it. */
  probe: Promise<void> | null;
};

/**
 * Spares a key service that fails. After a passing fault no call for the key reaches it for a time that doubles with each
 * failure; then one call goes first, and the others wait for what comes of it. A refusal holds calls off for half a minute.
 */
export class KeyGates {
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #onChange: (change: GateChange) => void;
  readonly #closed = new Map<string, Closed>();

  constructor({ now, random, onChange = () => undefined }: KeyGateOptions) {
    this.#now = now;
    this.#random = random;
    this.#onChange = onChange;
  }

  /** How many gates are not open. */
  get closed(): number {
    return this.#closed.size;
  }

  /**
   * Makes a call, unless its key or user is held off.
   * @throws what the call threw; where it closed the gate, and while that is closed, with the ms until it is worth another
   * try; the signal's reason when aborted.
   */
  async pass<Answer>(
    { key, user }: GatedCall,
    call: () => Promise<Answer>,
    signal: AbortSignal,
  ): Promise<Answer> {
    const denial = deniedId(key, user);
    for (;;) {
      signal.throwIfAborted();
      this.#holdOff(denial);
      const gate = this.#holdOff(key);
      if (gate === null) return await this.#attempt(key, denial, null, call);
      if (gate.probe === null) return await this.#goFirst(key, denial, gate, call);
      await unlessAborted(gate.probe, signal);
    }
  }

  /**
   * @returns null for an open gate, else one whose time is over.
   * @throws KeyServiceError while it is closed.
   */
  #holdOff(id: string): Closed | null {
    const gate = this.#closed.get(id);
    if (gate === undefined) return null;
    const leftMs = gate.untilMs - this.#now();
    if (leftMs > 0) throw heldOff(gate.error, leftMs);
    if (gate.attempts > 0) return gate;
    this.#open(id);
    return null;
  }

  async #goFirst<Answer>(
    key: string,
    denial: string,
    gate: Closed,
    call: () => Promise<Answer>,
  ): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<void>();
    gate.probe = promise;
    try {
      return await this.#attempt(key, denial, gate, call);
    } finally {
      // Where nothing was learned, since it was aborted, the next one goes first.
      gate.probe = null;
      resolve();
    }
  }

  /** @param gate as it was when the call was begun: what began earlier tells nothing of a gate that closed since. */
  async #attempt<Answer>(
    key: string,
    denial: string,
    gate: Closed | null,
    call: () => Promise<Answer>,
  ): Promise<Answer> {
    try {
      const answer = await call();
      if (gate !== null) this.#open(key);
      return answer;
    } catch (error) {
      if (!(error instanceof KeyServiceError)) throw error;
      this.#learn(key, denial, gate, error);
      const closed = this.#closed.get(error.fault === "denied" ? denial : key);
      const leftMs = closed === undefined ? 0 : closed.untilMs - this.#now();
      throw leftMs > 0 ? heldOff(error, leftMs) : error;
    }
  }

  #learn(key: string, denial: string, gate: Closed | null, error: KeyServiceError): void {
    const isNews = this.#closed.get(key) === (gate ?? undefined);
    if (error.retryable) {
      if (isNews) this.#close(key, error, (gate?.attempts ?? 0) + 1, this.#waitMs(gate, error));
      return;
    }
    // It answered, whatever it answered.
    if (gate !== null && isNews) this.#open(key);
    if (error.fault === "denied") this.#close(denial, error, 0, REFUSED_WAIT_MS);
    else if (error.fault === "unusable") this.#close(key, error, 0, REFUSED_WAIT_MS);
  }

  /** Doubling, from the upper half of the span: so many replicas do not come at the same moment. */
  #waitMs(gate: Closed | null, { retryAfterMs }: KeyServiceError): number {
    const span = Math.min(2 * SHORTEST_WAIT_MS * 2 ** (gate?.attempts ?? 0), LONGEST_WAIT_MS);
    const waitMs = span / 2 + (span / 2) * this.#random();
    return Math.min(Math.max(waitMs, retryAfterMs ?? 0), LONGEST_WAIT_MS);
  }

  #close(id: string, error: KeyServiceError, attempts: number, waitMs: number): void {
    this.#closed.delete(id);
    this.#closed.set(id, { untilMs: this.#now() + waitMs, error, attempts, probe: null });
    this.#onChange({ key: keyOf(id), state: "closed", fault: error.fault, waitMs });
    for (const oldest of this.#closed.keys()) {
      if (this.#closed.size <= MOST_GATES) break;
      this.#open(oldest);
    }
  }

  #open(id: string): void {
    const key = keyOf(id);
    // The time of a denial may be over while the key is held off for all.
    if (this.#closed.delete(id) && !this.#closed.has(key)) this.#onChange({ key, state: "open" });
  }
}

function heldOff(error: KeyServiceError, leftMs: number): KeyServiceError {
  const { fault, message, hint } = error;
  return new KeyServiceError(fault, message, hint, { retryAfterMs: Math.ceil(leftMs), cause: error });
}

/** Names of keys and users hold no line break. */
function deniedId(key: string, user: string): string {
  return `${key}\n${user}`;
}

function keyOf(id: string): string {
  return id.split("\n")[0] ?? id;
}
