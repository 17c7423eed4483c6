import type { CallContext } from "../function-table.ts";

/** Accounts for reading so many bytes. */
export function readBytes(context: CallContext, bytes: number): void {
  context.spend(Math.ceil(bytes / BYTES_A_STEP));
}

/**
 * Accounts for looking at each character of so many bytes by itself, which cannot be interrupted. To be called before.
 * @param weight how much dearer than most such work it is
 */
export function readCharacters(context: Pick<CallContext, "spend">, bytes: number, weight = 1): void {
  context.spend(Math.ceil((bytes * weight) / CHARACTERS_A_STEP));
}

/** Accounts for a result of so many bytes. To be called before the result is built. */
export function writeBytes(context: CallContext, bytes: number): void {
  context.grow(bytes);
}

/** Accounts for a list or map of so many items, before it is built. */
export function makeItems(context: CallContext, count: number): void {
  context.spend(count);
  context.grow(count * BYTES_AN_ITEM);
}

const BYTES_A_STEP = 100;
const CHARACTERS_A_STEP = 4;
const BYTES_AN_ITEM = 16;
