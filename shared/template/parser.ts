import { Lexer } from "./lexer.ts";
import { limitError } from "./limit-error.ts";
import type { TemplateLimits } from "./limits.ts";
import {
  type Branch,
  type CommandNode,
  isEmptyBody,
  type Node,
  type Operand,
  type PipeNode,
} from "./nodes.ts";
import { readNumber } from "./number-literal.ts";
import { placeAt, TemplateError, type TemplateFault, type TemplatePlace } from "./template-error.ts";
import type { Token, TokenKind } from "./token.ts";
import { unquoteString } from "./unquote.ts";

/** The templates of one source: its own under its name, and those it defines. */
export type ParsedTemplates = ReadonlyMap<string, readonly Node[]>;

/** What the parser must know about functions. */
export type FunctionNames = {
  readonly has: (name: string) => boolean;
  /** Told of each use, with its offset in the source. */
  readonly used?: (name: string, at: number) => void;
  /** What to add to the hint about a function that is not there. */
  readonly hintFor?: (name: string) => string | null;
};

type ListEnd = "end" | "else";
type ControlContext = "if" | "with" | "range";

const HINT = "Correct this template; it is read as Go's text/template.";

/**
 * Reads a template.
 * @param source byte string.
 * @throws TemplateError for what Go refuses, and for a source beyond the limits.
 */
export function parseTemplate(
  name: string,
  source: string,
  functions: FunctionNames,
  limits: TemplateLimits,
): ParsedTemplates {
  if (source.length > limits.sourceBytes) throw limitError(placeAt(name, "", 0), "sourceBytes", limits);
  return new Parser(name, source, functions, limits).parse();
}

class Parser {
  readonly #name: string;
  readonly #source: string;
  readonly #functions: FunctionNames;
  readonly #limits: TemplateLimits;
  readonly #lexer: Lexer;
  readonly #templates = new Map<string, readonly Node[]>();
  /** Tokens given back, the next one last. */
  readonly #pending: Token[] = [];
  #token: Token = { kind: "text", at: 0, text: "" };
  #variables: string[] = ["$"];
  #ranges = 0;
  #depth = 0;

  constructor(name: string, source: string, functions: FunctionNames, limits: TemplateLimits) {
    this.#name = name;
    this.#source = source;
    this.#functions = functions;
    this.#limits = limits;
    this.#lexer = new Lexer(source);
  }

  parse(): ParsedTemplates {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#next();
      if (token.kind === "end of template") break;
      if (token.kind === "{{" && this.#peekNonSpace().kind === "define") {
        this.#nextNonSpace();
        this.#definition();
        continue;
      }
      this.#back(token);
      const node = this.#textOrAction();
      if (node === "end" || node === "else") this.#fail(`unexpected {{${node}}}`);
      else nodes.push(node);
    }
    this.#add(this.#name, nodes);
    return this.#templates;
  }

  #next(): Token {
    this.#token = this.#pending.pop() ?? this.#lexer.next();
    return this.#token;
  }

  #back(token: Token): void {
    this.#pending.push(token);
  }

  #nextNonSpace(): Token {
    for (;;) {
      const token = this.#next();
      if (token.kind !== "space") return token;
    }
  }

  #peek(): Token {
    const token = this.#next();
    this.#back(token);
    return token;
  }

  #peekNonSpace(): Token {
    const token = this.#nextNonSpace();
    this.#back(token);
    return token;
  }

  #fail(reason: string, hint: string = HINT, fault: TemplateFault = {}): never {
    throw new TemplateError(this.#place(), reason, hint, fault);
  }

  #place(): TemplatePlace {
    return placeAt(this.#name, this.#source, this.#token.at);
  }

  #unexpected(token: Token, context: string): never {
    this.#token = token;
    return this.#fail(token.kind === "error" ? token.text : `unexpected ${token.kind} in ${context}`);
  }

  #expect(kind: TokenKind, context: string): Token {
    const token = this.#nextNonSpace();
    return token.kind === kind ? token : this.#unexpected(token, context);
  }

  /** Counts a level of nesting while `read` runs. */
  #nested<T>(read: () => T): T {
    if (this.#depth >= this.#limits.nesting) throw limitError(this.#place(), "nesting", this.#limits);
    this.#depth++;
    const result = read();
    this.#depth--;
    return result;
  }

  #add(name: string, nodes: readonly Node[]): void {
    const before = this.#templates.get(name);
    if (before === undefined || isEmptyBody(before)) this.#templates.set(name, nodes);
    else if (!isEmptyBody(nodes)) this.#fail("a template is defined twice");
  }

  /** Reads a body of its own: variables and loops around it do not reach in. */
  #ownBody(name: string, context: string): void {
    const variables = this.#variables;
    const ranges = this.#ranges;
    this.#variables = ["$"];
    this.#ranges = 0;
    const [body, end] = this.#nested(() => this.#list());
    if (end !== "end") this.#fail(`unexpected {{${end}}} in ${context}`);
    this.#add(name, body);
    this.#variables = variables;
    this.#ranges = ranges;
  }

  #definition(): void {
    const name = this.#templateName("define clause");
    this.#expect("}}", "define clause");
    this.#ownBody(name, "define clause");
  }

  #templateName(context: string): string {
    const token = this.#nextNonSpace();
    if (token.kind !== "string" && token.kind !== "raw string") return this.#unexpected(token, context);
    return this.#unquote(token);
  }

  #unquote(token: Token): string {
    return unquoteString(token.text) ?? this.#fail("a string has a wrong escape");
  }

  #list(): [Node[], ListEnd] {
    const nodes: Node[] = [];
    while (this.#peekNonSpace().kind !== "end of template") {
      const node = this.#textOrAction();
      if (node === "end" || node === "else") return [nodes, node];
      nodes.push(node);
    }
    return this.#fail("unexpected end of template: an {{end}} is missing");
  }

  #textOrAction(): Node | ListEnd {
    const token = this.#nextNonSpace();
    if (token.kind === "text") return { kind: "text", at: token.at, text: token.text };
    return token.kind === "{{" ? this.#action() : this.#unexpected(token, "input");
  }

  #action(): Node | ListEnd {
    const token = this.#nextNonSpace();
    const { kind, at } = token;
    switch (kind) {
      case "block":
        return this.#block(at);
      case "break":
      case "continue":
        this.#expect("}}", `{{${kind}}}`);
        if (this.#ranges === 0) this.#fail(`{{${kind}}} outside {{range}}`);
        return { kind, at };
      case "else":
        return this.#else();
      case "end":
        this.#expect("}}", "end");
        return "end";
      case "if":
      case "with":
        return this.#nested(() => this.#conditional(kind, at));
      case "range":
        return this.#nested(() => this.#range(at));
      case "template":
        return this.#template(at);
      default:
        this.#back(token);
        // Variables it declares live on until the next end.
        return { kind: "action", at, pipe: this.#pipeline("command", "}}") };
    }
  }

  #else(): ListEnd {
    // "else if" and "else with" are left for the block they belong to.
    const { kind } = this.#peekNonSpace();
    if (kind !== "if" && kind !== "with") this.#expect("}}", "else");
    return "else";
  }

  #block(at: number): Node {
    const name = this.#templateName("block clause");
    const pipe = this.#pipeline("block clause", "}}");
    this.#ownBody(name, "block clause");
    return { kind: "template", at, name, pipe };
  }

  #template(at: number): Node {
    const name = this.#templateName("template clause");
    const token = this.#nextNonSpace();
    if (token.kind === "}}") return { kind: "template", at, name, pipe: null };
    this.#back(token);
    return { kind: "template", at, name, pipe: this.#pipeline("template clause", "}}") };
  }

  #conditional(kind: "if" | "with", at: number): Node {
    const outer = this.#variables.length;
    const branches: Branch[] = [];
    let otherwise: Node[] | null = null;
    let branchAt = at;
    for (;;) {
      const pipe = this.#pipeline(kind, "}}");
      const [body, end] = this.#list();
      branches.push({ at: branchAt, pipe, body });
      if (end === "end") break;
      if (this.#peek().kind === kind) {
        branchAt = this.#next().at;
        continue;
      }
      otherwise = this.#otherwise();
      break;
    }
    this.#variables.length = outer;
    return { kind, at, branches, otherwise };
  }

  #range(at: number): Node {
    const outer = this.#variables.length;
    const pipe = this.#pipeline("range", "}}");
    this.#ranges++;
    const [body, end] = this.#list();
    this.#ranges--;
    const otherwise = end === "else" ? this.#otherwise() : null;
    this.#variables.length = outer;
    return { kind: "range", at, pipe, body, otherwise };
  }

  #otherwise(): Node[] {
    const [body, end] = this.#list();
    if (end !== "end") this.#fail("expected end; found {{else}}");
    return body;
  }

  #pipeline(context: ControlContext | string, end: "}}" | ")"): PipeNode {
    const { at } = this.#peekNonSpace();
    const [variables, assigns] = this.#declarations(context);
    const commands: CommandNode[] = [];
    for (;;) {
      const token = this.#nextNonSpace();
      if (token.kind === end) break;
      if (!startsOperand(token.kind)) this.#unexpected(token, context);
      this.#back(token);
      const command = this.#command();
      if (commands.length > 0 && !canBeCalled(command.first))
        this.#fail(`non executable command in pipeline stage ${commands.length + 1}`);
      commands.push(command);
    }
    if (commands.length === 0) this.#fail(`missing value for ${context}`);
    return { kind: "pipe", at, assigns, variables, commands };
  }

  /** Reads `$x :=`, `$x =` or, for a range, `$i, $x :=`. */
  #declarations(context: string): [string[], boolean] {
    const variables: string[] = [];
    for (;;) {
      const variable = this.#peekNonSpace();
      if (variable.kind !== "variable") return [variables, false];
      this.#next();
      const after = this.#next();
      const next = after.kind === "space" ? this.#nextNonSpace() : after;
      if (next.kind === "=" || next.kind === ":=") {
        this.#declare(variable.text, variables);
        return [variables, next.kind === "="];
      }
      if (next.kind !== ",") {
        this.#back(next);
        if (after.kind === "space") this.#back(after);
        this.#back(variable);
        return [variables, false];
      }
      this.#declare(variable.text, variables);
      if (context !== "range" || variables.length > 1) this.#fail(`too many declarations in ${context}`);
      const { kind } = this.#peekNonSpace();
      if (kind !== "variable" && kind !== "}}" && kind !== ")")
        this.#fail("range can only initialize variables");
    }
  }

  #declare(name: string, variables: string[]): void {
    variables.push(name);
    this.#variables.push(name);
  }

  #command(): CommandNode {
    const operands: Operand[] = [];
    const { at } = this.#peekNonSpace();
    for (;;) {
      this.#peekNonSpace();
      const operand = this.#operand();
      if (operand !== null) operands.push(operand);
      const token = this.#next();
      if (token.kind === "space") continue;
      if (token.kind === "}}" || token.kind === ")") this.#back(token);
      else if (token.kind !== "|") this.#unexpected(token, "operand");
      break;
    }
    const [first, ...args] = operands;
    return first === undefined ? this.#fail("empty command") : { at, first, args };
  }

  #operand(): Operand | null {
    const term = this.#term();
    if (term === null || this.#peek().kind !== "field") return term;
    const path: string[] = [];
    const { at } = this.#peek();
    while (this.#peek().kind === "field") path.push(this.#next().text.slice(1));
    switch (term.kind) {
      case "field":
      case "variable":
        return { ...term, at, path: [...term.path, ...path] };
      case "bool":
      case "string":
      case "number":
      case "nil":
      case "dot":
        return this.#fail(`unexpected . after a ${term.kind}`);
      default:
        return { kind: "chain", at, operand: term, path };
    }
  }

  #term(): Operand | null {
    const token = this.#nextNonSpace();
    const { at, text } = token;
    switch (token.kind) {
      case "identifier":
        return this.#function(text, at);
      case ".":
        return { kind: "dot", at };
      case "nil":
        return { kind: "nil", at };
      case "variable":
        if (!this.#variables.includes(text)) this.#fail(`undefined variable ${text}`);
        return { kind: "variable", at, name: text, path: [] };
      case "field":
        return { kind: "field", at, path: [text.slice(1)] };
      case "boolean":
        return { kind: "bool", at, value: text === "true" };
      case "character constant":
      case "number":
        return readNumber(text, at) ?? this.#fail("a number or character constant is malformed or too large");
      case "(":
        return this.#nested(() => this.#pipeline("parenthesized pipeline", ")"));
      case "string":
      case "raw string":
        return { kind: "string", at, value: this.#unquote(token) };
      default:
        this.#back(token);
        return null;
    }
  }

  #function(name: string, at: number): Operand {
    if (!this.#functions.has(name)) {
      const more = this.#functions.hintFor?.(name) ?? null;
      this.#fail(`function "${name}" not defined`, more ?? HINT, { functionName: name });
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
