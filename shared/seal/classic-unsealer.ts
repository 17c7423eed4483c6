import type { Bytes } from "../bytes.ts";
import { scopeLabel } from "../scope.ts";
import { DamagedValueError, TooManyTrialsError } from "./classic-error.ts";
import { type ClassicValue, readClassicValue, type Trial, tryKey } from "./classic-value.ts";
import { type OpeningKey, withFirst } from "./opening-key.ts";
import type { Outcome, Unsealer } from "./sealer.ts";
import type { TrialMemory } from "./trial-memory.ts";

/** How the classic opener goes about its keys. */
export type ClassicOptions = {
  /** After every key has refused a value, find out whether it was sealed for another place. */
  diagnose: boolean;
  /**
   * The first value that no key opens stops the object; so many are looked at in all, that one included, so that people are
   * told of more than one at a time. Fewer where this would take more than 100 private-key operations: any number of keys
   * and of items costs no more. Default: infinity, which is a limit to neither. Values that open have a bound too, four
   * operations for each item and a hundred for each key, which none comes near whose values are under few keys.
   */
  giveUpAfter?: number;
  /** Fingerprints of the keys that the items are said to need, by item. A wrong one costs one operation. */
  hints?: ReadonlyMap<string, string>;
  /** Told of each private-key operation. */
  onOperation?: (purpose: "open" | "diagnose") => void;
  /** Where failures are remembered, so that the same value costs nothing until there are other keys. */
  memory?: TrialMemory;
};

/**
 * Items of one object that are opened at a time. Few: objects share the thread pool, and one with many items must not fill
 * its queue.
 */
const AT_A_TIME = 4;
/**
 * Private-key operations that an object may have cost when another of its values is looked at that may not open. Those of
 * its last items may be under way then, one each, so that it stays below 100 in all.
 */
const OPERATIONS_TO_EXPLAIN = 96;
/**
 * Private-key operations that opening an object may take, for each item and each key, where `giveUpAfter` bounds it at all.
 * An author who seals thousands of values under ever other keys could have it take so long that the process counts as dead.
 */
const OPERATIONS_TO_OPEN = { item: 4, key: 100 };

/**
 * Opens classic values with the keys given, tried in their order, the one that opened the previous item first, the one
 * that the item's hint names before it. The length of the RSA block rules out keys of other sizes without an attempt.
 */
export function classicUnsealer(keys: readonly OpeningKey[], options: ClassicOptions): Unsealer {
  return {
    unsealAll: (items, { scope }, signal) =>
      new ObjectTrial(keys, options, scopeLabel(scope), signal).unsealAll(items),
  };
}

/** A value under trial, and the keys that have refused it. */
type Pending = ClassicValue & { refusedBy: Set<OpeningKey> };
/** What came of a value; `isCertain` when asking again under the same keys would give the same. */
type Ended = { value: ClassicValue; trial: Trial; operations: number; isCertain: boolean };

class ObjectTrial {
  readonly #keys: readonly OpeningKey[];
  readonly #options: ClassicOptions;
  readonly #giveUpAfter: number;
  readonly #label: Bytes;
  readonly #signal: AbortSignal;
  readonly #outcomes = new Map<string, Outcome>();
  readonly #ended: Ended[] = [];
  /** Of the values that have ended, those remembered included. */
  #operations = 0;
  #unopened = 0;
  /** Private-key operations that may still be spent on values that may open. */
  #left = Number.POSITIVE_INFINITY;
  /** The key that opened the last item. */
  #proven: string | undefined;

  constructor(keys: readonly OpeningKey[], options: ClassicOptions, label: Bytes, signal: AbortSignal) {
    this.#keys = keys;
    this.#options = options;
    this.#giveUpAfter = options.giveUpAfter ?? Number.POSITIVE_INFINITY;
    this.#label = label;
    this.#signal = signal;
  }

  async unsealAll(items: ReadonlyMap<string, string>): Promise<Map<string, Outcome>> {
    this.#signal.throwIfAborted();
    const { item, key } = OPERATIONS_TO_OPEN;
    if (this.#giveUpAfter !== Number.POSITIVE_INFINITY)
      this.#left = item * items.size + key * this.#keys.length;
    let pending = this.#recalled(this.#read(items));
    while (pending.length > 0) {
      const together = this.#together(pending);
      if (together.length > 1) {
        // One operation each. Whatever the key refuses goes on below, one after the other.
        await Promise.all(together.map((value) => this.#tryNext(value)));
      }
      for (const value of together) {
        if (this.#outcomes.get(value.item)?.kind !== "not-tried") continue;
        if (!this.#mayTry(value)) {
          pending = [];
          break;
        }
        await this.#tryToTheEnd(value);
      }
      pending = pending.slice(together.length);
    }
    this.#remember();
    return this.#outcomes;
  }

  /** Values that need a key. All others have their outcome at once, and are looked at first: they cost nothing. */
  #read(items: ReadonlyMap<string, string>): Pending[] {
    for (const item of items.keys()) this.#outcomes.set(item, { kind: "not-tried" });
    const values: Pending[] = [];
    for (const [item, text] of items) {
      if (this.#unopened >= this.#giveUpAfter) return [];
      const value = readClassicValue(item, text, this.#keys);
      if ("container" in value) values.push({ ...value, refusedBy: new Set() });
      else {
        this.#outcomes.set(item, value);
        this.#unopened += 1;
      }
    }
    return values;
  }

  /**
   * Where something of the object is known not to open, what else is known of it counts too, as if it had just been tried:
   * so the same object always has the same values tried and left, whatever is remembered.
   */
  #recalled(values: Pending[]): Pending[] {
    const { memory } = this.#options;
    if (memory === undefined) return values;
    const keySet = this.#keySet();
    const recalled = values.map((value) => ({
      value,
      remembered: memory.recall(keySet, this.#label, value.text),
    }));
    const fails = recalled.some(({ remembered }) => (remembered?.trial.kind ?? "opens") !== "opens");
    if (!fails && this.#unopened === 0) return values;
    return recalled.flatMap(({ value, remembered }) => {
      if (remembered === undefined) return [value];
      const { trial, operations } = remembered;
      this.#operations += operations;
      if (trial.kind === "opens") {
        this.#outcomes.set(value.item, { kind: "not-tried", isKnownToOpen: true });
      } else {
        this.#unopened += 1;
        this.#outcomes.set(value.item, outcomeOf(trial, value.item));
      }
      return [];
    });
  }

  /** The next values that may be tried at the same time: as long as all goes well, and each has a key that should open it. */
  #together(pending: readonly Pending[]): readonly Pending[] {
    if (this.#unopened > 0) return pending.slice(0, 1);
    // None is tried in vain beyond those that may be.
    const few = pending.slice(0, Math.min(AT_A_TIME, this.#giveUpAfter));
    const lone = few.findIndex((value) => !this.#isLikely(value));
    return lone === -1 ? few : few.slice(0, Math.max(1, lone));
  }

  #isLikely({ item, candidates }: Pending): boolean {
    const expected = [this.#options.hints?.get(item), this.#proven];
    return candidates.length === 1 || candidates.some(({ fingerprint }) => expected.includes(fingerprint));
  }

  #mayTry({ candidates }: Pending): boolean {
    if (this.#unopened === 0 || this.#giveUpAfter === Number.POSITIVE_INFINITY) return true;
    const cost = candidates.length * (this.#options.diagnose ? 2 : 1);
    return this.#unopened < this.#giveUpAfter && this.#operations + cost <= OPERATIONS_TO_EXPLAIN;
  }

  async #tryToTheEnd(value: Pending): Promise<void> {
    while (value.refusedBy.size < value.candidates.length) {
      if (this.#left <= 0) {
        // Not for certain: with other hints it may take fewer.
        const operations = value.refusedBy.size;
        return this.#end({ value, trial: { kind: "too-many-trials" }, operations, isCertain: false });
      }
      if (await this.#tryNext(value)) return;
    }
    await this.#diagnose(value);
  }

  /** @returns whether the value has ended: a key knew it. */
  async #tryNext(value: Pending): Promise<boolean> {
    const order = withFirst(withFirst(value.candidates, this.#proven), this.#options.hints?.get(value.item));
    const key = order.find((candidate) => !value.refusedBy.has(candidate));
    if (key === undefined) return false;
    this.#signal.throwIfAborted();
    this.#options.onOperation?.("open");
    this.#left -= 1;
    const trial = await tryKey(key, value.container, this.#label);
    value.refusedBy.add(key);
    if (trial === null) return false;
    this.#end({ value, trial, operations: value.refusedBy.size, isCertain: true });
    return true;
  }

  async #diagnose(value: Pending): Promise<void> {
    let operations = value.candidates.length;
    let trial: Trial = { kind: "not-my-key" };
    let isCertain = true;
    for (const key of this.#options.diagnose ? value.candidates : []) {
      this.#signal.throwIfAborted();
      this.#options.onOperation?.("diagnose");
      operations += 1;
      const verdict = await key.judge(value.container.block);
      if (verdict === null) {
        isCertain = false;
        break;
      }
      if (verdict.wellFormed) {
        trial = { kind: "sealed-elsewhere", labelHash: verdict.labelHash, keyId: key.fingerprint };
        break;
      }
    }
    this.#end({ value, trial, operations, isCertain });
  }

  #end(ended: Ended): void {
    const { value, trial, operations } = ended;
    this.#operations += operations;
    if (trial.kind === "opened") this.#proven = trial.keyId;
    else this.#unopened += 1;
    this.#outcomes.set(value.item, outcomeOf(trial, value.item));
    this.#ended.push(ended);
  }

  #remember(): void {
    const { memory } = this.#options;
    if (memory === undefined || this.#unopened === 0) return;
    const keySet = this.#keySet();
    for (const { value, trial, operations, isCertain } of this.#ended) {
      if (!isCertain) continue;
      const kept = trial.kind === "opened" ? ({ kind: "opens" } as const) : trial;
      memory.remember(keySet, this.#label, value.text, { trial: kept, operations });
    }
  }

  #keySet(): string {
    return this.#keys
      .map(({ fingerprint }) => fingerprint)
      .sort()
      .join(" ");
  }
}

function outcomeOf(trial: Trial, item: string): Outcome {
  if (trial.kind === "too-many-trials") return { kind: "malformed", error: new TooManyTrialsError(item) };
  if (trial.kind !== "damaged") return trial;
  return { kind: "malformed", error: new DamagedValueError(item, trial.keyId) };
}
