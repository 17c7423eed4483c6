/** Reads a text from its start, piece by piece. Each method gives null and takes nothing where the text does not fit. */
export class TimeReader {
  rest: string;

  constructor(text: string) {
    this.rest = text;
  }

  /** What matches at the start. The expression is anchored by `^`. */
  take(expression: RegExp): string | null {
    const found = expression.exec(this.rest)?.[0];
    if (found === undefined) return null;
    this.rest = this.rest.slice(found.length);
    return found;
  }

  /** A number of `least` to `most` digits. */
  number(least: number, most: number): number | null {
    const digits = /^[0-9]*/.exec(this.rest.slice(0, most))?.[0] ?? "";
    if (digits.length < least) return null;
    this.rest = this.rest.slice(digits.length);
    return Number(digits);
  }

  /** So many bytes that are a number, perhaps with a sign; a sign alone is 0, as Go reads it. */
  signedNumber(width: number): number | null {
    const text = this.rest.slice(0, width);
    if (text.length < width || !/^[+-]?[0-9]*$/.test(text)) return null;
    this.rest = this.rest.slice(width);
    const size = Number(text.replace(/^[+-]/, ""));
    return text.startsWith("-") ? -size : size;
  }

  /** The index of the name the text begins with; letters of both cases count as the same. */
  name(names: readonly string[]): number | null {
    const index = names.findIndex(
      (name) => this.rest.slice(0, name.length).toLowerCase() === name.toLowerCase(),
    );
    const found = names[index];
    if (found === undefined) return null;
    this.rest = this.rest.slice(found.length);
    return index;
  }

  /** The literal text of a layout: spaces in it stand for any number of them, also for none at the end. */
  skip(literal: string): boolean {
    for (const part of literal.match(/ +|[^ ]+/g) ?? []) {
      if (part.startsWith(" ")) {
        if (this.rest !== "" && !this.rest.startsWith(" ")) return false;
        this.rest = this.rest.replace(/^ +/, "");
      } else {
        if (!this.rest.startsWith(part)) return false;
        this.rest = this.rest.slice(part.length);
      }
    }
    return true;
  }

  /**
   * A fraction of seconds with its point or comma.
   * @param width bytes it takes; more than ten are not looked at
   * @returns nanoseconds
   */
  fraction(width: number): number | null {
    const text = this.rest.slice(0, width);
    if (text.length < width || !/^[.,]/.test(text)) return null;
    const digits = text.slice(1, 10);
    const size = new TimeReader(digits).signedNumber(digits.length);
    // Go lets nothing below zero pass; a sign takes the place of a digit.
    if (size === null || size < 0) return null;
    this.rest = this.rest.slice(width);
    return size * 10 ** (9 - digits.length);
  }

  /** An abbreviation such as `CEST`, `GMT+3` or `-03`. */
  zoneAbbreviation(): string | null {
    const gmt = this.take(/^GMT/);
    if (gmt !== null) return gmt + (this.#hours() ?? "");
    if (/^[+-]/.test(this.rest)) return this.#hours();
    return this.take(/^(?:ChST|MeST|[A-Z]{4}T(?![A-Z])|(?:[A-Z]{3}T|WITA)(?![A-Z])|[A-Z]{3}(?![A-Z]))/);
  }

  #hours(): string | null {
    const found = /^[+-]0*(?:2[0-3]|1?[0-9])(?![0-9])/.exec(this.rest);
    return found === null ? null : this.take(/^[+-][0-9]+/);
  }
}
