/** The lines of a text, by offsets into it. They end with LF, CR LF or CR. */
export class FileLines {
  readonly texts: readonly string[];
  readonly #starts: readonly number[];

  constructor(text: string) {
    const texts: string[] = [];
    const starts = [0];
    let from = 0;
    for (const { index, 0: end } of text.matchAll(/\r\n|\r|\n/g)) {
      texts.push(text.slice(from, index));
      from = index + end.length;
      starts.push(from);
    }
    this.texts = [...texts, text.slice(from)];
    this.#starts = starts;
  }

  /** The index of the line that an offset lies in. */
  indexOf(at: number): number {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#starts[middle] ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
