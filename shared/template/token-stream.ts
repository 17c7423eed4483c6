import { Lexer } from "./lexer.ts";
import { limitError } from "./limit-error.ts";
import type { TemplateLimits } from "./limits.ts";
import { placeAt, TemplateError, type TemplateFault, type TemplatePlace } from "./template-error.ts";
import type { Token, TokenKind } from "./token.ts";
import { unquoteString } from "./unquote.ts";

const HINT = "Correct this template; it is read as Go's text/template.";

/** What bounds parsing: limits, and where work is charged to. */
export type ParseBounds = { readonly limits: TemplateLimits; readonly spend: (steps: number) => void };

// Tokens are cheap, and a long text around few actions is common.
const STEPS_PER_TOKEN = 0.5;

/** The tokens of a template, with as much looking ahead as the parser needs. */
export class TokenStream {
  readonly #name: string;
  readonly #source: string;
  readonly #bounds: ParseBounds;
  readonly #lexer: Lexer;
  /** Tokens given back, the next one last. */
  readonly #pending: Token[] = [];
  #token: Token = { kind: "text", at: 0, text: "" };
  #depth = 0;

  constructor(name: string, source: string, bounds: ParseBounds) {
    this.#name = name;
    this.#source = source;
    this.#bounds = bounds;
    this.#lexer = new Lexer(source);
  }

  /** The next token; spaces count. */
  next(): Token {
    this.#token = this.#pending.pop() ?? this.#lex();
    return this.#token;
  }

  #lex(): Token {
    this.#bounds.spend(STEPS_PER_TOKEN);
    return this.#lexer.next();
  }

  /** Gives a token back, to be the next one. */
  back(token: Token): void {
    this.#pending.push(token);
  }

  /** The next token that is no space. */
  nextNonSpace(): Token {
    for (;;) {
      const token = this.next();
      if (token.kind !== "space") return token;
    }
  }

  /** The next token, which stays. */
  peek(): Token {
    const token = this.next();
    this.back(token);
    return token;
  }

  /** The next token that is no space; it stays, the spaces do not. */
  peekNonSpace(): Token {
    const token = this.nextNonSpace();
    this.back(token);
    return token;
  }

  /** Ends parsing at the token read last. */
  fail(reason: string, hint: string = HINT, fault: TemplateFault = {}): never {
    throw new TemplateError(this.#place(), reason, hint, fault);
  }

  #place(): TemplatePlace {
    return placeAt(this.#name, this.#source, this.#token.at);
  }

  /** Ends parsing for a token that does not fit. */
  unexpected(token: Token, context: string): never {
    this.#token = token;
    return this.fail(token.kind === "error" ? token.text : `unexpected ${token.kind} in ${context}`);
  }

  /** Reads a token of a kind. */
  expect(kind: TokenKind, context: string): Token {
    const token = this.nextNonSpace();
    return token.kind === kind ? token : this.unexpected(token, context);
  }

  /** Counts a level of nesting while `read` runs. */
  nested<T>(read: () => T): T {
    const { limits } = this.#bounds;
    if (this.#depth >= limits.nesting) throw limitError(this.#place(), "nesting", limits);
    this.#depth++;
    const result = read();
    this.#depth--;
    return result;
  }

  /** What a string literal stands for. */
  unquote(token: Token): string {
    return unquoteString(token.text) ?? this.fail("a string has a wrong escape");
  }
}
