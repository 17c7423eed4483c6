/** Something that is due at a moment of the monotonic clock. */
export type Due = { readonly dueAtMs: number };

/** Binary heap: the earliest due first. */
export class DueHeap<T extends Due> {
  readonly #items: T[] = [];

  get size(): number {
    return this.#items.length;
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    const items = this.#items;
    let at = items.push(item) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = items[above];
      if (parent === undefined || parent.dueAtMs <= item.dueAtMs) break;
      items[at] = parent;
      at = above;
    }
    items[at] = item;
  }

  pop(): T | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (last === undefined || items.length === 0) return first;
    let at = 0;
    for (;;) {
      const left = items[2 * at + 1];
      const right = items[2 * at + 2];
      if (left === undefined) break;
      const [below, child] =
        right !== undefined && right.dueAtMs < left.dueAtMs ? [2 * at + 2, right] : [2 * at + 1, left];
      if (child.dueAtMs >= last.dueAtMs) break;
      items[at] = child;
      at = below;
    }
    items[at] = last;
    return first;
  }
}
