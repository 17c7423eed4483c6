import type { Value } from "./value.ts";

/** The items a template sees as `.`, with a record of those whose content it took. */
export class WatchedItems extends Map<string, Value> {
  /** Names of the items that were read. */
  readonly read = new Set<string>();

  override get(key: string): Value | undefined {
    if (this.has(key)) this.read.add(key);
    return super.get(key);
  }

  override entries(): MapIterator<[string, Value]> {
    this.#readAll();
    return super.entries();
  }

  override values(): MapIterator<Value> {
    this.#readAll();
    return super.values();
  }

  override [Symbol.iterator](): MapIterator<[string, Value]> {
    return this.entries();
  }

  override forEach(visit: (value: Value, key: string, all: Map<string, Value>) => void): void {
    this.#readAll();
    super.forEach(visit);
  }

  #readAll(): void {
    for (const key of this.keys()) this.read.add(key);
  }
}
