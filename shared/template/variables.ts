import type { Value } from "./value.ts";

/** The variables of one template's run: a stack, on which the last of a name counts. */
export class Variables {
  readonly #stack: { readonly name: string; value: Value }[];

  /** @param dollar what `$` is: the value the template was called with. */
  constructor(dollar: Value) {
    this.#stack = [{ name: "$", value: dollar }];
  }

  /** Where the stack stands, for `backTo`. */
  get mark(): number {
    return this.#stack.length;
  }

  /** Forgets what was declared since a mark. */
  backTo(mark: number): void {
    this.#stack.length = mark;
  }

  declare(name: string, value: Value): void {
    this.#stack.push({ name, value });
  }

  /** False when there is no such variable. */
  assign(name: string, value: Value): boolean {
    const variable = this.#stack.findLast((entry) => entry.name === name);
    if (variable !== undefined) variable.value = value;
    return variable !== undefined;
  }

  get(name: string): Value | undefined {
    return this.#stack.findLast((entry) => entry.name === name)?.value;
  }
}
