/** A number with its noun, which takes an s where there is not one: `1 value`, `2 values`. */
export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
