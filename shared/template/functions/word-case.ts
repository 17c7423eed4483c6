import { encodeRune, REPLACEMENT, runeAt, runesOf } from "../byte-string.ts";
import { isLetter, isNumber, isPunctuation, isSpace, isUpper, toLower, toUpper } from "./letter-case.ts";

/** What the words of a name are made of, as the package xstrings v1.5 (behind sprig) takes names apart. */
type WordKind = "connector" | "punctuation" | "upper" | "alphabet" | "number" | "other" | "invalid" | "end";
type Word = { kind: WordKind; text: string };
type Step = { rune: number; end: number };

const AFTER_THE_LAST: Word = { kind: "end", text: "" };

/**
 * Joins words parted by spaces, `_` and `-`, each with its first letter in upper case: sprig's `camelcase`. Connectors
 * at the begin, and all but one of several in a row, stay.
 * @param name a byte string
 */
export function toPascalCase(name: string): string {
  const runes = pointsOf(name);
  const first = runes.findIndex((rune) => !isConnector(rune));
  // A name of connectors alone gets its last one twice.
  if (first < 0) return [...runes, ...runes.slice(-1)].map(encodeRune).join("");
  let out = runes.slice(0, first).map(encodeRune).join("");
  let previous = toUpper(runes[first] ?? 0);
  // In a word that is all upper case, what follows the first letter becomes lower case.
  let wasUpper = isUpper(runes[first] ?? 0);
  for (const rune of runes.slice(first + 1)) {
    let next = rune;
    if (isConnector(previous) && isConnector(rune)) {
      out += encodeRune(previous);
    } else if (isConnector(previous)) {
      wasUpper = isUpper(rune);
      next = toUpper(rune);
    } else {
      if (wasUpper && isUpper(rune)) next = toLower(rune);
      else wasUpper = false;
      out += encodeRune(previous);
    }
    previous = next;
  }
  return out + encodeRune(previous);
}

/**
 * Writes a name in lower case with a connector between its words: sprig's `snakecase` and `kebabcase`.
 * @param name a byte string
 * @param connector `_` or `-`
 */
export function joinWords(name: string, connector: string): string {
  const words = wordsOf(name);
  const last = words.length - 1;
  let out = "";
  let at = 0;
  const current = (): Word => words[at] ?? AFTER_THE_LAST;
  const write = (word: Word): void => {
    out += writtenWord(word, connector);
  };
  const writeRun = (): void => {
    for (; current().kind === "alphabet" || current().kind === "number"; at++) write(current());
    if (beginsWord(current())) out += connector;
  };
  while (at < last) {
    const word = current();
    write(word);
    at++;
    if (word.kind === "number") writeRun();
    else if (word.kind === "connector" || word.kind === "punctuation") continue;
    else if (current().kind !== "number") {
      if (beginsWord(current()) || current().kind === "invalid") out += connector;
    } else if (at < last) {
      const number = current();
      at++;
      if (current().kind === "alphabet") {
        out += connector;
        write(number);
        writeRun();
      } else {
        write(number);
        if (beginsWord(current()) || current().kind === "invalid") out += connector;
      }
    }
  }
  write(current());
  return out;
}

function beginsWord({ kind }: Word): boolean {
  return kind === "upper" || kind === "alphabet" || kind === "number" || kind === "other";
}

function writtenWord({ kind, text }: Word, connector: string): string {
  if (kind !== "upper" && kind !== "connector") return text;
  return pointsOf(text)
    .map((rune) => (isConnector(rune) ? connector : encodeRune(isUpper(rune) ? toLower(rune) : rune)))
    .join("");
}

function wordsOf(name: string): Word[] {
  const words: Word[] = [];
  for (let at = 0; at < name.length; ) {
    const { kind, end } = wordAt(name, at);
    words.push({ kind, text: name.slice(at, end) });
    at = end;
  }
  return words;
}

function wordAt(name: string, start: number): { kind: WordKind; end: number } {
  const { rune, end } = step(name, start, REPLACEMENT);
  const run = (belongs: (rune: number) => boolean): number => runEnd(name, end, rune, belongs);
  if (rune === REPLACEMENT) return { kind: "invalid", end };
  if (isConnector(rune)) return { kind: "connector", end: run(isConnector) };
  if (isPunctuation(rune)) return { kind: "punctuation", end: run(isPunctuation) };
  if (isUpper(rune)) return { kind: "upper", end: upperEnd(name, end, rune) };
  if (isAlphabet(rune)) return { kind: "alphabet", end: run(isLowerAlphabet) };
  if (isNumber(rune)) return { kind: "number", end: run(isNumber) };
  return { kind: "other", end: run(isOther) };
}

/** `HTTPServer` is `HTTP` and `Server`: the last upper-case letter before a lower-case one begins the next word. */
function upperEnd(name: string, start: number, first: number): number {
  if (start >= name.length) return start;
  const second = step(name, start, first);
  if (!isUpper(second.rune)) {
    return isAlphabet(second.rune) ? runEnd(name, second.end, second.rune, isLowerAlphabet) : start;
  }
  let before = start;
  let at = second.end;
  for (let rune = second.rune; at < name.length; ) {
    const next = step(name, at, rune);
    if (!isUpper(next.rune)) return isAlphabet(next.rune) ? before : at;
    before = at;
    at = next.end;
    rune = next.rune;
  }
  return at;
}

function runEnd(name: string, start: number, first: number, belongs: (rune: number) => boolean): number {
  let at = start;
  for (let rune = first; at < name.length; ) {
    const next = step(name, at, rune);
    if (!belongs(next.rune)) break;
    at = next.end;
    rune = next.rune;
  }
  return at;
}

/** The next code point that is valid UTF-8, or `previous` where none follows; damaged bytes before it count to it. */
function step(name: string, start: number, previous: number): Step {
  for (let at = start; at < name.length; ) {
    const { point, width } = runeAt(name, at);
    at += width;
    if (point !== REPLACEMENT) return { rune: point, end: at };
  }
  return { rune: previous, end: name.length };
}

function isConnector(rune: number): boolean {
  return rune === 0x2d || rune === 0x5f || isSpace(rune);
}

function isLowerAlphabet(rune: number): boolean {
  return isAlphabet(rune) && !isUpper(rune);
}

function isOther(rune: number): boolean {
  return !isConnector(rune) && !isAlphabet(rune) && !isNumber(rune) && !isPunctuation(rune);
}

/** A letter that is not a Chinese, Japanese or Korean ideograph. */
function isAlphabet(rune: number): boolean {
  if (!isLetter(rune)) return false;
  const ideograph =
    (rune >= 0x4e00 && rune <= 0x9fcc) ||
    (rune >= 0x3400 && rune <= 0x4d85) ||
    (rune >= 0x20000 && rune <= 0x2b81d);
  return !ideograph;
}

function pointsOf(bytes: string): number[] {
  return Array.from(runesOf(bytes), ({ point }) => point);
}
