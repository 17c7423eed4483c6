import type { CommandNode, Operand, PipeNode } from "./nodes.ts";
import { readNumber } from "./number-literal.ts";
import { shownName } from "./shown-name.ts";
import type { TokenKind } from "./token.ts";
import type { TokenStream } from "./token-stream.ts";

/** What the parser must know about functions. */
export type FunctionNames = {
  readonly has: (name: string) => boolean;
  /** Told of each use, with its offset in the source. */
  readonly used?: (name: string, at: number) => void;
  /** What to add to the hint about a function that is not there. */
  readonly hintFor?: (name: string) => string | null;
};

/** Reads pipelines, and knows which variables are in reach. */
export class PipelineParser {
  /** Names with their `$`, in the order of their declaration. */
  variables: string[] = ["$"];
  readonly #tokens: TokenStream;
  readonly #functions: FunctionNames;

  constructor(tokens: TokenStream, functions: FunctionNames) {
    this.#tokens = tokens;
    this.#functions = functions;
  }

  /**
   * Reads a pipeline and the token that ends it.
   * @param context what it belongs to, for errors; only a range declares two variables.
   */
  pipeline(context: string, end: "}}" | ")"): PipeNode {
    const { at } = this.#tokens.peekNonSpace();
    const [variables, assigns] = this.#declarations(context);
    const commands: CommandNode[] = [];
    for (;;) {
      const token = this.#tokens.nextNonSpace();
      if (token.kind === end) break;
      if (!startsOperand(token.kind)) this.#tokens.unexpected(token, context);
      this.#tokens.back(token);
      const command = this.#command();
      if (commands.length > 0 && !canBeCalled(command.first))
        this.#tokens.fail(`non executable command in pipeline stage ${commands.length + 1}`);
      commands.push(command);
    }
    if (commands.length === 0) this.#tokens.fail(`missing value for ${context}`);
    return { kind: "pipe", at, assigns, variables, commands };
  }

  /** Reads `$x :=`, `$x =` or, for a range, `$i, $x :=`. */
  #declarations(context: string): [string[], boolean] {
    const variables: string[] = [];
    for (;;) {
      const variable = this.#tokens.peekNonSpace();
      if (variable.kind !== "variable") return [variables, false];
      this.#tokens.next();
      const after = this.#tokens.next();
      const next = after.kind === "space" ? this.#tokens.nextNonSpace() : after;
      if (next.kind === "=" || next.kind === ":=") {
        this.#declare(variable.text, variables);
        return [variables, next.kind === "="];
      }
      if (next.kind !== ",") {
        this.#tokens.back(next);
        if (after.kind === "space") this.#tokens.back(after);
        this.#tokens.back(variable);
        return [variables, false];
      }
      this.#declare(variable.text, variables);
      if (context !== "range" || variables.length > 1)
        this.#tokens.fail(`too many declarations in ${context}`);
      const { kind } = this.#tokens.peekNonSpace();
      if (kind !== "variable" && kind !== "}}" && kind !== ")")
        this.#tokens.fail("range can only initialize variables");
    }
  }

  #declare(name: string, variables: string[]): void {
    variables.push(name);
    this.variables.push(name);
  }

  #command(): CommandNode {
    const operands: Operand[] = [];
    const { at } = this.#tokens.peekNonSpace();
    for (;;) {
      this.#tokens.peekNonSpace();
      const operand = this.#operand();
      if (operand !== null) operands.push(operand);
      const token = this.#tokens.next();
      if (token.kind === "space") continue;
      if (token.kind === "}}" || token.kind === ")") this.#tokens.back(token);
      else if (token.kind !== "|") this.#tokens.unexpected(token, "operand");
      break;
    }
    const [first, ...args] = operands;
    return first === undefined ? this.#tokens.fail("empty command") : { at, first, args };
  }

  #operand(): Operand | null {
    const term = this.#term();
    if (term === null || this.#tokens.peek().kind !== "field") return term;
    const path: string[] = [];
    const { at } = this.#tokens.peek();
    while (this.#tokens.peek().kind === "field") path.push(this.#tokens.next().text.slice(1));
    switch (term.kind) {
      case "field":
      case "variable":
        return { ...term, at, path: [...term.path, ...path] };
      case "bool":
      case "string":
      case "number":
      case "nil":
      case "dot":
        return this.#tokens.fail(`unexpected . after a ${term.kind}`);
      default:
        return { kind: "chain", at, operand: term, path };
    }
  }

  #term(): Operand | null {
    const token = this.#tokens.nextNonSpace();
    const { at, text } = token;
    switch (token.kind) {
      case "identifier":
        return this.#function(text, at);
      case ".":
        return { kind: "dot", at };
      case "nil":
        return { kind: "nil", at };
      case "variable":
        if (!this.variables.includes(text)) this.#tokens.fail(`undefined variable ${shownName(text)}`);
        return { kind: "variable", at, name: text, path: [] };
      case "field":
        return { kind: "field", at, path: [text.slice(1)] };
      case "boolean":
        return { kind: "bool", at, value: text === "true" };
      case "character constant":
      case "number":
        return (
          readNumber(text, at) ??
          this.#tokens.fail("a number or character constant is malformed or too large")
        );
      case "(":
        return this.#tokens.nested(() => this.pipeline("parenthesized pipeline", ")"));
      case "string":
      case "raw string":
        return { kind: "string", at, value: this.#tokens.unquote(token) };
      default:
        this.#tokens.back(token);
        return null;
    }
  }

  #function(name: string, at: number): Operand {
    if (!this.#functions.has(name)) {
      const more = this.#functions.hintFor?.(name) ?? null;
      this.#tokens.fail(`function "${shownName(name)}" not defined`, more ?? undefined, {
        functionName: shownName(name),
      });
    }
    this.#functions.used?.(name, at);
    return { kind: "function", at, name };
  }
}

function startsOperand(kind: TokenKind): boolean {
  switch (kind) {
    case "boolean":
    case "character constant":
    case ".":
    case "field":
    case "identifier":
    case "number":
    case "nil":
    case "raw string":
    case "string":
    case "variable":
    case "(":
      return true;
    default:
      return false;
  }
}

/** Whether a command can take the result of the one before it. */
function canBeCalled(first: Operand): boolean {
  return !["bool", "dot", "nil", "number", "string"].includes(first.kind);
}
