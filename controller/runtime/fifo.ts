type Link<T> = { readonly item: T; before: Link<T> | null; after: Link<T> | null };

/**
 * Items first come, first served, each of them once. Every operation takes the same time however many wait; a `Set`
 * would step over the holes that were taken from its front.
 */
export class Fifo<T> {
  readonly #links = new Map<T, Link<T>>();
  #first: Link<T> | null = null;
  #last: Link<T> | null = null;

  get size(): number {
    return this.#links.size;
  }

  has(item: T): boolean {
    return this.#links.has(item);
  }

  /**
   * Adds an item at the end; one that waits keeps its place.
   * @returns whether it was added.
   */
  push(item: T): boolean {
    if (this.#links.has(item)) return false;
    const link: Link<T> = { item, before: this.#last, after: null };
    if (this.#last === null) this.#first = link;
    else this.#last.after = link;
    this.#last = link;
    this.#links.set(item, link);
    return true;
  }

  /** Adds an item at the front; one that waits keeps its place. */
  unshift(item: T): void {
    if (this.#links.has(item)) return;
    const link: Link<T> = { item, before: null, after: this.#first };
    if (this.#first === null) this.#last = link;
    else this.#first.before = link;
    this.#first = link;
    this.#links.set(item, link);
  }

  /** Takes the first item out; undefined when none waits. */
  shift(): T | undefined {
    const first = this.#first;
    if (first === null) return undefined;
    this.delete(first.item);
    return first.item;
  }

  /** @returns whether it was there. */
  delete(item: T): boolean {
    const link = this.#links.get(item);
    if (link === undefined) return false;
    this.#links.delete(item);
    if (link.before === null) this.#first = link.after;
    else link.before.after = link.after;
    if (link.after === null) this.#last = link.before;
    else link.after.before = link.before;
    return true;
  }
}
