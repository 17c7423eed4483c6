import { encodeRune, runeAt } from "./byte-string.ts";
import { noFlags } from "./format-flags.ts";
import { type Budget, Printer } from "./printer.ts";
import { typeOf, type Value } from "./value.ts";

// Go ignores widths and precisions beyond this.
const LARGEST = 1_000_000;

/** Go's fmt.Sprintf. Byte strings in and out. */
export function printf(format: string, args: readonly Value[], budget: Budget): string {
  return new Formatting(format, args, budget).run();
}

/** Go's fmt.Sprint: a space between two operands when neither is a string. */
export function print(args: readonly Value[], budget: Budget): string {
  const printer = new Printer(budget);
  let afterString = true;
  for (const arg of args) {
    const isString = typeof arg === "string";
    if (!isString && !afterString) printer.write(" ");
    printer.print(arg, "v");
    afterString = isString;
  }
  return printer.text;
}

/** Go's fmt.Sprintln: a space between all operands, and a line feed. */
export function println(args: readonly Value[], budget: Budget): string {
  const printer = new Printer(budget);
  args.forEach((arg, index) => {
    if (index > 0) printer.write(" ");
    printer.print(arg, "v");
  });
  printer.write("\n");
  return printer.text;
}

/** One run over a format: where it stands in the format and in the arguments. */
class Formatting {
  readonly #format: string;
  readonly #args: readonly Value[];
  readonly #printer: Printer;
  #at = 0;
  #next = 0;
  #reordered = false;
  #goodIndex = true;
  /** An index such as `[3]` has just been read. */
  #afterIndex = false;

  constructor(format: string, args: readonly Value[], budget: Budget) {
    this.#format = format;
    this.#args = args;
    this.#printer = new Printer(budget);
  }

  run(): string {
    const format = this.#format;
    while (this.#at < format.length) {
      const percent = format.indexOf("%", this.#at);
      const end = percent === -1 ? format.length : percent;
      if (end > this.#at) this.#printer.write(format.slice(this.#at, end));
      this.#at = end + 1;
      if (end < format.length && !this.#directive()) break;
    }
    if (!this.#reordered && this.#next < this.#args.length) this.#extra();
    return this.#printer.text;
  }

  /** Reads one directive after its `%` and prints what it asks for. False when the format ends before the verb. */
  #directive(): boolean {
    const printer = this.#printer;
    printer.flags = noFlags();
    this.#goodIndex = true;
    this.#afterIndex = false;
    this.#readFlags();
    this.#afterIndex = this.#readIndex();
    this.#readWidth();
    this.#readPrecision();
    if (!this.#afterIndex) this.#afterIndex = this.#readIndex();
    if (this.#at >= this.#format.length) {
      printer.write("%!(NOVERB)");
      return false;
    }
    const { point, width } = runeAt(this.#format, this.#at);
    this.#at += width;
    this.#verb(encodeRune(point));
    return true;
  }

  #verb(verb: string): void {
    const printer = this.#printer;
    const arg = this.#args[this.#next];
    if (verb === "%") printer.write("%");
    else if (!this.#goodIndex) printer.write(`%!${verb}(BADINDEX)`);
    else if (arg === undefined) printer.write(`%!${verb}(MISSING)`);
    else this.#operand(arg, verb);
  }

  #operand(arg: Value, verb: string): void {
    const printer = this.#printer;
    if (verb === "v" || verb === "w") {
      printer.flags.sharpV = printer.flags.sharp;
      printer.flags.sharp = false;
      printer.flags.plusV = printer.flags.plus;
      printer.flags.plus = false;
    }
    printer.print(arg, verb);
    this.#next++;
  }

  #readFlags(): void {
    const { flags } = this.#printer;
    for (; this.#at < this.#format.length; this.#at++) {
      const c = this.#format.charAt(this.#at);
      if (c === "#") flags.sharp = true;
      else if (c === "0") flags.zero = true;
      else if (c === "+") flags.plus = true;
      else if (c === "-") flags.minus = true;
      else if (c === " ") flags.space = true;
      else return;
    }
  }

  #readWidth(): void {
    const { flags } = this.#printer;
    if (this.#format.charAt(this.#at) === "*") {
      this.#at++;
      const width = this.#integerArgument();
      if (width === null) this.#printer.write("%!(BADWIDTH)");
      flags.width = width === null ? null : Math.abs(width);
      if (width !== null && width < 0) {
        flags.minus = true;
        flags.zero = false;
      }
      this.#afterIndex = false;
      return;
    }
    flags.width = this.#readNumber();
    if (this.#afterIndex && flags.width !== null) this.#goodIndex = false;
  }

  #readPrecision(): void {
    const { flags } = this.#printer;
    if (this.#at + 1 >= this.#format.length || this.#format.charAt(this.#at) !== ".") return;
    this.#at++;
    if (this.#afterIndex) this.#goodIndex = false;
    this.#afterIndex = this.#readIndex();
    if (this.#format.charAt(this.#at) !== "*") {
      flags.precision = this.#readNumber() ?? 0;
      return;
    }
    this.#at++;
    const precision = this.#integerArgument();
    flags.precision = precision === null || precision < 0 ? null : precision;
    if (flags.precision === null) this.#printer.write("%!(BADPREC)");
    this.#afterIndex = false;
  }

  /** The digits here, null when there are none. A number beyond all bounds ends the format. */
  #readNumber(): number | null {
    let value: number | null = null;
    for (; this.#at < this.#format.length; this.#at++) {
      const digit = this.#format.charCodeAt(this.#at) - 48;
      if (digit < 0 || digit > 9) return value;
      if ((value ?? 0) > LARGEST) {
        this.#at = this.#format.length;
        return null;
      }
      value = (value ?? 0) * 10 + digit;
    }
    return value;
  }

  #integerArgument(): number | null {
    const arg = this.#args[this.#next];
    if (arg === undefined) return null;
    this.#next++;
    if (typeof arg !== "object" || arg.tag !== "integer") return null;
    return arg.value > LARGEST || arg.value < -LARGEST ? null : Number(arg.value);
  }

  /** Reads `[n]` and goes to that argument. True when there was one of good form. */
  #readIndex(): boolean {
    if (this.#format.charAt(this.#at) !== "[") return false;
    this.#reordered = true;
    const close = this.#format.indexOf("]", this.#at);
    if (close === -1 || this.#format.length - this.#at < 3) {
      this.#goodIndex = false;
      this.#at++;
      return false;
    }
    const digits = this.#format.slice(this.#at + 1, close);
    this.#at = close + 1;
    const wellFormed = /^[0-9]{1,7}$/.test(digits);
    const index = Number(digits) - 1;
    if (wellFormed && index >= 0 && index < this.#args.length) {
      this.#next = index;
      return true;
    }
    this.#goodIndex = false;
    return wellFormed;
  }

  #extra(): void {
    const printer = this.#printer;
    printer.flags = noFlags();
    printer.write("%!(EXTRA ");
    this.#args.slice(this.#next).forEach((arg, index) => {
      if (index > 0) printer.write(", ");
      const type = typeOf(arg);
      if (type !== null) printer.write(`${type.name}=`);
      printer.print(arg, "v");
    });
    printer.write(")");
  }
}
