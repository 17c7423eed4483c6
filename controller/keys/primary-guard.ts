import type { Term } from "../runtime/term.ts";
import type { RingKey } from "./key-ring.ts";
import { attemptsOn, knownKey } from "./sealing-key-record.ts";

/**
 * Why another key seals: renewal or promotion; `first` where nothing was known before; `unexpected` for all else.
 */
export type PrimaryChange = {
  kind: "renewal" | "promotion" | "first" | "unexpected";
  from: string | null;
  to: string;
};

/**
 * Tells, within one term of leading, whether the key that seals is another one for a reason that we know, and keeps the
 * alarm that stands until the next renewal or promotion.
 */
export class PrimaryGuard {
  readonly #term: Term;
  #known: string | null;
  /** Fingerprints of the keys that were seen to seal. */
  readonly #sealed = new Set<string>();
  #promotedAt: Date | null = null;
  /** The text of the alarm; undefined while nobody has read what earlier leaders left. */
  #alarm: string | null | undefined = undefined;

  constructor(term: Term) {
    this.#term = term;
    this.#known = knownKey(term);
  }

  /** The alarm that stands, in the form `<time> <fingerprint before, or none> <fingerprint since>`; null for none. */
  get alarm(): string | null {
    return this.#alarm ?? null;
  }

  /** Whether the key of that fingerprint has been seen to seal, whatever became of it. */
  hasSealed(fingerprint: string): boolean {
    return this.#sealed.has(fingerprint);
  }

  /** Judges the key that seals now. @returns null when it is the one that did. */
  judge(primary: RingKey, now: Date): PrimaryChange | null {
    const [from, to] = [this.#known, primary.certificate.fingerprint];
    const isPromoted = (primary.promotedAt?.getTime() ?? 0) > (this.#promotedAt?.getTime() ?? 0);
    this.#promotedAt = primary.promotedAt;
    this.#known = to;
    this.#sealed.add(to);
    if (from === to) {
      // Whoever promotes the key that seals already means it.
      if (isPromoted && this.#alarm !== undefined) this.#alarm = null;
      return null;
    }
    const kind = attemptsOn(this.#term).includes(to)
      ? "renewal"
      : isPromoted
        ? "promotion"
        : from === null
          ? "first"
          : "unexpected";
    if (kind === "unexpected") this.#alarm = `${now.toISOString()} ${from ?? "none"} ${to}`;
    else if (kind !== "first") this.#alarm = null;
    return { kind, from, to };
  }

  /**
   * Takes over the alarm that earlier leaders left, unless one was raised or cleared since.
   * @returns the alarm that stands.
   */
  adopt(left: string | null): string | null {
    if (this.#alarm !== undefined) return this.#alarm;
    const since = left === null ? Number.NaN : Date.parse(left.split(" ", 1)[0] ?? "");
    const isSettled = this.#promotedAt !== null && this.#promotedAt.getTime() > since;
    this.#alarm = isSettled ? null : left;
    return this.#alarm;
  }
}
