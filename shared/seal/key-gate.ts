import { unlessAborted } from "../unless-aborted.ts";
import { type ClosedGate, ClosedGates } from "./closed-gates.ts";
import { KeyServiceError, type KeyServiceFault } from "./key-service-error.ts";

/** Whom a call is for. */
export type GatedCall = {
  /** Service and key: when they fail, no other call for them is made for a while. */
  key: string;
  /** The part of a key's users that a denial is about, `""` for all: what the service denies one, it may allow another. */
  user: string;
  /** Whose call it is: when there are too many gates, those that one alone has closed go first. */
  by: string;
  /** Asked right before a call that the gate lets through; what it throws ends the call, and tells nothing of the key. */
  admit?: () => void;
};

/** Told when a gate closes, when it opens again, and when it is forgotten, since there are too many. */
export type GateChange = { key: string } & (
  | { state: "closed"; fault: KeyServiceFault; waitMs: number }
  | { state: "open" | "forgotten" }
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
const MOST_GATES = 1000;

/**
 * Spares a key service that fails. After a passing fault no call for the key reaches it for a time that doubles with each
 * failure; then one call goes first, and the others wait for what comes of it. A refusal holds calls off for half a minute.
 */
export class KeyGates {
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #onChange: (change: GateChange) => void;
  readonly #closed = new ClosedGates(MOST_GATES);

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
   * @throws what the call, or its admission, threw; where it closed the gate, and while that is closed, with the ms until it
   * is worth another try; the signal's reason when aborted.
   */
  async pass<Answer>(gated: GatedCall, call: () => Promise<Answer>, signal: AbortSignal): Promise<Answer> {
    const { key, by, admit } = gated;
    for (;;) {
      signal.throwIfAborted();
      this.#holdOff(deniedId(gated), by);
      const gate = this.#holdOff(key, by);
      const probe = gate?.probe ?? null;
      if (probe === null) {
        admit?.();
        return await (gate === null ? this.#attempt(gated, null, call) : this.#goFirst(gated, gate, call));
      }
      await unlessAborted(probe, signal);
    }
  }

  /**
   * @returns null for an open gate, else one whose time is over.
   * @throws KeyServiceError while it is closed.
   */
  #holdOff(id: string, by: string): ClosedGate | null {
    const gate = this.#closed.get(id);
    if (gate === undefined) return null;
    if (gate.by !== by) gate.by = null;
    const leftMs = gate.untilMs - this.#now();
    if (leftMs > 0) throw heldOff(gate.error, leftMs);
    if (gate.attempts > 0) return gate;
    this.#open(id);
    return null;
  }

  async #goFirst<Answer>(gated: GatedCall, gate: ClosedGate, call: () => Promise<Answer>): Promise<Answer> {
    const { promise, resolve } = Promise.withResolvers<void>();
    gate.probe = promise;
    try {
      return await this.#attempt(gated, gate, call);
    } finally {
      // Where nothing was learned, since it was aborted, the next one goes first.
      gate.probe = null;
      resolve();
    }
  }

  /** @param gate as it was when the call was begun: what began earlier tells nothing of a gate that closed since. */
  async #attempt<Answer>(
    gated: GatedCall,
    gate: ClosedGate | null,
    call: () => Promise<Answer>,
  ): Promise<Answer> {
    try {
      const answer = await call();
      if (gate !== null) this.#open(gated.key);
      return answer;
    } catch (error) {
      if (!(error instanceof KeyServiceError)) throw error;
      this.#learn(gated, gate, error);
      const closed = this.#closed.get(error.fault === "denied" ? deniedId(gated) : gated.key);
      const leftMs = closed === undefined ? 0 : closed.untilMs - this.#now();
      throw leftMs > 0 ? heldOff(error, leftMs) : error;
    }
  }

  #learn(gated: GatedCall, gate: ClosedGate | null, error: KeyServiceError): void {
    const { key, by } = gated;
    const isNews = this.#closed.get(key) === (gate ?? undefined);
    if (error.retryable) {
      const attempts = (gate?.attempts ?? 0) + 1;
      if (isNews)
        this.#close(key, { error, attempts, by: gate === null ? by : gate.by }, this.#waitMs(gate, error));
      return;
    }
    // It answered, whatever it answered.
    if (gate !== null && isNews) this.#open(key);
    const id = error.fault === "denied" ? deniedId(gated) : key;
    if (error.fault === "denied" || error.fault === "unusable")
      this.#close(id, { error, attempts: 0, by }, REFUSED_WAIT_MS);
  }

  /** Doubling, from the upper half of the span: so many replicas do not come at the same moment. */
  #waitMs(gate: ClosedGate | null, { retryAfterMs }: KeyServiceError): number {
    const span = Math.min(2 * SHORTEST_WAIT_MS * 2 ** (gate?.attempts ?? 0), LONGEST_WAIT_MS);
    const waitMs = span / 2 + (span / 2) * this.#random();
    return Math.min(Math.max(waitMs, retryAfterMs ?? 0), LONGEST_WAIT_MS);
  }

  #close(id: string, gate: Pick<ClosedGate, "error" | "attempts" | "by">, waitMs: number): void {
    const forgotten = this.#closed.set(id, { ...gate, untilMs: this.#now() + waitMs, probe: null });
    this.#onChange({ key: keyOf(id), state: "closed", fault: gate.error.fault, waitMs });
    if (forgotten !== null) this.#onChange({ key: keyOf(forgotten), state: "forgotten" });
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
function deniedId({ key, user }: GatedCall): string {
  return `${key}\n${user}`;
}

function keyOf(id: string): string {
  return id.split("\n")[0] ?? id;
}
