import { runeAt } from "./byte-string.ts";
import { isNewerThanGo } from "./newer-than-go.ts";
import { isKeyword, type Token, type TokenKind } from "./token.ts";

const PUNCTUATION: ReadonlyMap<string, TokenKind> = new Map([
  ["=", "="],
  ["|", "|"],
  [",", ","],
]);
const WORD = /^[\p{L}\p{Nd}_]$/u;
// In this order: a prefix decides which digits may follow.
const NUMBERS = [
  /[+-]?0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?i?/y,
  /[+-]?0[oO][0-7_]*(?:\.[0-7_]*)?i?/y,
  /[+-]?0[bB][01_]*(?:\.[01_]*)?i?/y,
  /[+-]?[0-9_]*(?:\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?i?/y,
];

/** Takes a template (byte string) apart into tokens, as text/template/parse of Go does. */
export class Lexer {
  readonly #source: string;
  #at = 0;
  #inAction = false;
  #openParens = 0;
  #failed: Token | null = null;

  constructor(source: string) {
    this.#source = source;
  }

  /** The next token. After an error, and at the end, it is the same one for ever. */
  next(): Token {
    if (this.#failed !== null) return this.#failed;
    const token = this.#inAction ? this.#action() : this.#text();
    if (token.kind === "error") this.#failed = token;
    return token;
  }

  #text(): Token {
    const source = this.#source;
    for (;;) {
      const from = this.#at;
      const delimiter = source.indexOf("{{", from);
      if (delimiter === -1)
        return this.#take(from === source.length ? "end of template" : "text", source.length);
      this.#at = delimiter + 2;
      const trims = source.charAt(this.#at) === "-" && isSpace(source.charAt(this.#at + 1));
      const end = trims ? endWithoutSpace(source, from, delimiter) : delimiter;
      if (end > from) {
        this.#at = delimiter;
        return { kind: "text", at: from, text: source.slice(from, end) };
      }
      const inner = this.#at + (trims ? 2 : 0);
      if (source.startsWith("/*", inner)) {
        const wrong = this.#comment(inner);
        if (wrong !== null) return wrong;
        continue;
      }
      this.#at = inner;
      this.#inAction = true;
      this.#openParens = 0;
      return { kind: "{{", at: delimiter, text: "{{" };
    }
  }

  /** Skips a comment up to behind its action. Returns an error token when it does not end as it must. */
  #comment(at: number): Token | null {
    const end = this.#source.indexOf("*/", at + 2);
    if (end === -1) return error(at, "unclosed comment");
    this.#at = end + 2;
    const width = this.#closing();
    if (width === 0) return error(at, "comment ends before closing delimiter");
    this.#leave(width);
    return null;
  }

  /** How many bytes the closing delimiter here takes, with its trim marker; 0 when there is none. */
  #closing(): 0 | 2 | 4 {
    const source = this.#source;
    if (source.startsWith("}}", this.#at)) return 2;
    const trims = isSpace(source.charAt(this.#at)) && source.startsWith("-}}", this.#at + 1);
    return trims ? 4 : 0;
  }

  #leave(width: 2 | 4): void {
    this.#at += width;
    if (width === 4) while (isSpace(this.#source.charAt(this.#at))) this.#at++;
    this.#inAction = false;
  }

  #action(): Token {
    const at = this.#at;
    const source = this.#source;
    const closing = this.#closing();
    if (closing > 0) {
      if (this.#openParens > 0) return error(at, "unclosed left paren");
      this.#leave(closing === 2 ? 2 : 4);
      return { kind: "}}", at, text: "}}" };
    }
    if (at >= source.length) return error(at, "unclosed action");
    const c = source.charAt(at);
    const punctuation = PUNCTUATION.get(c);
    if (punctuation !== undefined) return this.#take(punctuation, at + 1);
    if (isSpace(c)) return this.#space();
    if (c === ":") return source.charAt(at + 1) === "=" ? this.#take(":=", at + 2) : error(at, "expected :=");
    if (c === "(" || c === ")") return this.#paren(c);
    if (c === '"' || c === "'") return this.#quoted(c);
    if (c === "`") return this.#rawQuoted();
    if (c === "$") return this.#fieldOrVariable("variable");
    const digitFollows = /[0-9]/.test(source.charAt(at + 1));
    if (c === "." && at + 1 < source.length && !digitFollows) return this.#fieldOrVariable("field");
    if (/[.+0-9-]/.test(c)) return this.#number();
    if (this.#isWordAt(at)) return this.#identifier();
    if (c > " " && c < "\x7f") return this.#take("character", at + 1);
    return error(at, "unrecognized character in action");
  }

  #take(kind: TokenKind, end: number): Token {
    const at = this.#at;
    this.#at = end;
    return { kind, at, text: this.#source.slice(at, end) };
  }

  #space(): Token {
    const source = this.#source;
    let end = this.#at;
    while (isSpace(source.charAt(end))) end++;
    // The last space belongs to a trim marker that follows.
    if (source.startsWith("-}}", end)) end--;
    return this.#take("space", end);
  }

  #paren(c: "(" | ")"): Token {
    this.#openParens += c === "(" ? 1 : -1;
    if (this.#openParens < 0) return error(this.#at, "unexpected right paren");
    return this.#take(c, this.#at + 1);
  }

  #quoted(quote: '"' | "'"): Token {
    const source = this.#source;
    for (let end = this.#at + 1; end < source.length; end++) {
      let c = source.charAt(end);
      if (c === quote) return this.#take(quote === '"' ? "string" : "character constant", end + 1);
      if (c === "\\") c = source.charAt(++end);
      if (c === "\n") break;
    }
    return error(this.#at, quote === '"' ? "unterminated quoted string" : "unterminated character constant");
  }

  #rawQuoted(): Token {
    const end = this.#source.indexOf("`", this.#at + 1);
    if (end === -1) return error(this.#at, "unterminated raw quoted string");
    return this.#take("raw string", end + 1);
  }

  #fieldOrVariable(kind: "field" | "variable"): Token {
    const at = this.#at;
    const end = this.#wordEnd(at + 1);
    if (!this.#isTerminated(end)) return error(at, `bad character after a ${kind}`);
    return this.#take(kind === "field" && end === at + 1 ? "." : kind, end);
  }

  #identifier(): Token {
    const at = this.#at;
    const end = this.#wordEnd(at);
    if (!this.#isTerminated(end)) return error(at, "bad character after a word");
    const word = this.#source.slice(at, end);
    if (isKeyword(word)) return this.#take(word, end);
    return this.#take(word === "true" || word === "false" ? "boolean" : "identifier", end);
  }

  #number(): Token {
    const at = this.#at;
    const end = this.#numberEnd(at);
    if (this.#isWordAt(end)) return error(at, "bad number syntax");
    const text = this.#source.slice(at, end);
    if (text.endsWith("i") || /[+-]/.test(this.#source.charAt(end)))
      return error(at, "complex and imaginary numbers are not supported, and numbers must stand apart");
    return this.#take("number", end);
  }

  #numberEnd(at: number): number {
    for (const pattern of NUMBERS) {
      pattern.lastIndex = at;
      if (pattern.test(this.#source)) return pattern.lastIndex;
    }
    return at;
  }

  #wordEnd(from: number): number {
    let end = from;
    while (this.#isWordAt(end)) end += runeAt(this.#source, end).width;
    return end;
  }

  #isWordAt(at: number): boolean {
    if (at >= this.#source.length) return false;
    const { point } = runeAt(this.#source, at);
    return WORD.test(String.fromCodePoint(point)) && !isNewerThanGo(point);
  }

  /** Whether a word may end here: `$x+2` may not go without a space. */
  #isTerminated(at: number): boolean {
    const c = this.#source.charAt(at);
    return c === "" || isSpace(c) || ".,|:)(".includes(c) || this.#source.startsWith("}}", at);
  }
}

function error(at: number, reason: string): Token {
  return { kind: "error", at, text: reason };
}

function isSpace(c: string): boolean {
  return c === " " || c === "\t" || c === "\r" || c === "\n";
}

function endWithoutSpace(source: string, from: number, to: number): number {
  let end = to;
  while (end > from && isSpace(source.charAt(end - 1))) end--;
  return end;
}
