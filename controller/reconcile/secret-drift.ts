import { FREE_LOOKS, LookPace } from "./look-pace.ts";
import { type SecretVersion, sameVersion } from "./secret-version.ts";

/** What became of a Secret that was as its SealedSecret wants it. */
export type DriftCause = "changed" | "deleted";

/** A Secret as an object in sync left it. */
export type SettledSecret = {
  version: SecretVersion;
  /** Whether the Secret is the SealedSecret's, by owner or mark. One that was merged into is others' to delete. */
  ours: boolean;
};

/** So many versions of ours that the watch has not shown are remembered of one object. */
const MOST_UNSHOWN = 4;

/** How to look at an object. */
export type Look = {
  /** Set when nothing but its Secret has changed since it was in sync. */
  drift: DriftCause | null;
  /** The end of its Secret is why it is looked at. */
  gone: boolean;
};

/** What is known when an object's turn comes. */
export type Turn = {
  /** The Secret of its name by the watch; undefined when there is none, or nobody watches. */
  present: SecretVersion | undefined;
  /** Changes of the Secret that others make are left as they are. */
  keepsEdits: boolean;
};

/**
 * Tells changes of Secrets by others from our own. Of each object in sync it knows the version of the Secret that was
 * written or compared: an object whose turn comes for its Secret alone is looked at if the Secret is another by then.
 * Any other cause is to be told by `demand`, so that it is never taken for such a turn.
 */
export class SecretDrift {
  readonly #settled = new Map<string, SettledSecret>();
  /** Versions that objects in sync left and that the watch is still to show, oldest first. */
  readonly #unshown = new Map<string, SecretVersion[]>();
  readonly #demanded = new Set<string>();
  readonly #woken = new Set<string>();
  /** Apart, so that somebody who changes a Secret all the time does not delay what follows its deletion. */
  readonly #pace: Readonly<Record<DriftCause, LookPace>>;

  /** @param nowMs milliseconds of a clock that never runs backwards. */
  constructor(nowMs: () => number) {
    this.#pace = { changed: new LookPace(nowMs), deleted: new LookPace(nowMs) };
  }

  /** Asks for a full look at the object's next turn: its own change, a new key, a start. */
  demand(key: string): void {
    this.#demanded.add(key);
  }

  /**
   * Takes in what the watch tells of a Secret.
   * @param present null when it is gone.
   * @returns milliseconds until the object should have its turn; null when it is as the object left it.
   */
  wake(key: string, present: SecretVersion | null): number | null {
    if (this.#isOurs(key, present ?? undefined)) return null;
    this.#woken.add(key);
    return this.#pace[present === null ? "deleted" : "changed"].waitMs(key);
  }

  /**
   * Begins an object's turn.
   * @returns null when there is nothing to look at; milliseconds to wait when it was looked at too often.
   */
  begin(key: string, { present, keepsEdits }: Turn): Look | number | null {
    const demanded = this.#demanded.delete(key);
    const settled = this.#settled.get(key);
    const cause: DriftCause = present === undefined ? "deleted" : "changed";
    if (!demanded && settled !== undefined) {
      const keeps = present === undefined ? !settled.ours : keepsEdits && present.uid === settled.version.uid;
      if (keeps || this.#isOurs(key, present)) {
        this.#woken.delete(key);
        return null;
      }
      // The Secret may have become another since the object was put into the queue.
      const waitMs = this.#pace[cause].waitMs(key);
      if (waitMs > 0) return waitMs;
    }
    const woken = this.#woken.delete(key);
    this.#settled.delete(key);
    if (demanded || !woken) return { drift: null, gone: false };
    this.#pace[cause].looked(key);
    return { drift: settled === undefined ? null : cause, gone: cause === "deleted" };
  }

  /** Whether the object left a Secret when it was last in sync, whatever the watch shows of it by now. */
  hasLeft(key: string): boolean {
    return this.#settled.has(key);
  }

  /** Notes the Secret of an object that is in sync. */
  settle(key: string, secret: SettledSecret): void {
    this.#settled.set(key, secret);
    const unshown = this.#unshown.get(key) ?? [];
    this.#unshown.set(key, [...unshown, secret.version].slice(-MOST_UNSHOWN));
  }

  /**
   * Notes a repair.
   * @returns `contested` at the first of so many in a row that others must be at work, `again` from then on.
   */
  repaired(key: string, cause: DriftCause): "single" | "contested" | "again" {
    const repairs = this.#pace[cause].repaired(key);
    return repairs <= FREE_LOOKS ? "single" : repairs === FREE_LOOKS + 1 ? "contested" : "again";
  }

  /** Drops what is remembered of an object that is gone. */
  forget(key: string): void {
    this.#settled.delete(key);
    this.#unshown.delete(key);
    this.#demanded.delete(key);
    this.#woken.delete(key);
    for (const pace of Object.values(this.#pace)) pace.forget(key);
  }

  /**
   * Whether the watch shows what the object left, or is behind and shows what it left before. An earlier version counts
   * only until the watch has come as far as the last: shown after that, it came back, out of a backup perhaps.
   */
  #isOurs(key: string, present: SecretVersion | undefined): boolean {
    const settled = this.#settled.get(key);
    if (settled === undefined) return false;
    if (sameVersion(settled.version, present)) {
      this.#unshown.delete(key);
      return true;
    }
    return this.#unshown.get(key)?.some((version) => sameVersion(version, present)) ?? false;
  }
}
