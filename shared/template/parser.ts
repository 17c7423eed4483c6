import { limitError } from "./limit-error.ts";
import { type Branch, isEmptyBody, type Node } from "./nodes.ts";
import { type FunctionNames, PipelineParser } from "./pipeline-parser.ts";
import { placeAt } from "./template-error.ts";
import { type ParseBounds, TokenStream } from "./token-stream.ts";

/** The templates of one source: its own under its name, and those it defines. */
export type ParsedTemplates = ReadonlyMap<string, readonly Node[]>;

type ListEnd = "end" | "else";

/**
 * Reads a template.
 * @param source byte string.
 * @throws TemplateError for what Go refuses, and for a source beyond the limits; LimitReached from `spend`.
 */
export function parseTemplate(
  name: string,
  source: string,
  functions: FunctionNames,
  bounds: ParseBounds,
): ParsedTemplates {
  const { limits } = bounds;
  if (source.length > limits.sourceBytes) throw limitError(placeAt(name, "", 0), "sourceBytes", limits);
  return new Parser(name, source, functions, bounds).parse();
}

class Parser {
  readonly #name: string;
  readonly #tokens: TokenStream;
  readonly #pipelines: PipelineParser;
  readonly #templates = new Map<string, readonly Node[]>();
  #ranges = 0;

  constructor(name: string, source: string, functions: FunctionNames, bounds: ParseBounds) {
    this.#name = name;
    this.#tokens = new TokenStream(name, source, bounds);
    this.#pipelines = new PipelineParser(this.#tokens, functions);
  }

  parse(): ParsedTemplates {
    const nodes: Node[] = [];
    for (;;) {
      const token = this.#tokens.next();
      if (token.kind === "end of template") break;
      if (token.kind === "{{" && this.#tokens.peekNonSpace().kind === "define") {
        this.#tokens.nextNonSpace();
        this.#definition();
        continue;
      }
      this.#tokens.back(token);
      const node = this.#textOrAction();
      if (node === "end" || node === "else") this.#tokens.fail(`unexpected {{${node}}}`);
      else nodes.push(node);
    }
    this.#add(this.#name, nodes);
    return this.#templates;
  }

  #add(name: string, nodes: readonly Node[]): void {
    const before = this.#templates.get(name);
    if (before === undefined || isEmptyBody(before)) this.#templates.set(name, nodes);
    else if (!isEmptyBody(nodes)) this.#tokens.fail("a template is defined twice");
  }

  /** Reads a body of its own: variables and loops around it do not reach in. */
  #ownBody(name: string, context: string): void {
    const variables = this.#pipelines.variables;
    const ranges = this.#ranges;
    this.#pipelines.variables = ["$"];
    this.#ranges = 0;
    const [body, end] = this.#tokens.nested(() => this.#list());
    if (end !== "end") this.#tokens.fail(`unexpected {{${end}}} in ${context}`);
    this.#add(name, body);
    this.#pipelines.variables = variables;
    this.#ranges = ranges;
  }

  #definition(): void {
    const name = this.#templateName("define clause");
    this.#tokens.expect("}}", "define clause");
    this.#ownBody(name, "define clause");
  }

  #templateName(context: string): string {
    const token = this.#tokens.nextNonSpace();
    if (token.kind !== "string" && token.kind !== "raw string")
      return this.#tokens.unexpected(token, context);
    return this.#tokens.unquote(token);
  }

  #list(): [Node[], ListEnd] {
    const nodes: Node[] = [];
    while (this.#tokens.peekNonSpace().kind !== "end of template") {
      const node = this.#textOrAction();
      if (node === "end" || node === "else") return [nodes, node];
      nodes.push(node);
    }
    return this.#tokens.fail("unexpected end of template: an {{end}} is missing");
  }

  #textOrAction(): Node | ListEnd {
    const token = this.#tokens.nextNonSpace();
    if (token.kind === "text") return { kind: "text", at: token.at, text: token.text };
    return token.kind === "{{" ? this.#action() : this.#tokens.unexpected(token, "input");
  }

  #action(): Node | ListEnd {
    const token = this.#tokens.nextNonSpace();
    const { kind, at } = token;
    switch (kind) {
      case "block":
        return this.#block();
      case "break":
      case "continue":
        this.#tokens.expect("}}", `{{${kind}}}`);
        if (this.#ranges === 0) this.#tokens.fail(`{{${kind}}} outside {{range}}`);
        return { kind, at };
      case "else":
        return this.#else();
      case "end":
        this.#tokens.expect("}}", "end");
        return "end";
      case "if":
      case "with":
        return this.#tokens.nested(() => this.#conditional(kind, at));
      case "range":
        return this.#tokens.nested(() => this.#range(at));
      case "template":
        return this.#template();
      default:
        this.#tokens.back(token);
        // Variables it declares live on until the next end.
        return { kind: "action", at, pipe: this.#pipelines.pipeline("command", "}}") };
    }
  }

  #else(): ListEnd {
    // "else if" and "else with" are left for the block they belong to.
    const { kind } = this.#tokens.peekNonSpace();
    if (kind !== "if" && kind !== "with") this.#tokens.expect("}}", "else");
    return "else";
  }

  #block(): Node {
    const { at } = this.#tokens.peekNonSpace();
    const name = this.#templateName("block clause");
    const pipe = this.#pipelines.pipeline("block clause", "}}");
    this.#ownBody(name, "block clause");
    return { kind: "template", at, name, pipe };
  }

  #template(): Node {
    const { at } = this.#tokens.peekNonSpace();
    const name = this.#templateName("template clause");
    const token = this.#tokens.nextNonSpace();
    if (token.kind === "}}") return { kind: "template", at, name, pipe: null };
    this.#tokens.back(token);
    return { kind: "template", at, name, pipe: this.#pipelines.pipeline("template clause", "}}") };
  }

  #conditional(kind: "if" | "with", at: number): Node {
    const outer = this.#pipelines.variables.length;
    const branches: Branch[] = [];
    let otherwise: Node[] | null = null;
    let branchAt = at;
    for (;;) {
      const pipe = this.#pipelines.pipeline(kind, "}}");
      const [body, end] = this.#list();
      branches.push({ at: branchAt, pipe, body });
      if (end === "end") break;
      if (this.#tokens.peek().kind === kind) {
        branchAt = this.#tokens.next().at;
        continue;
      }
      otherwise = this.#otherwise();
      break;
    }
    this.#pipelines.variables.length = outer;
    return { kind, at, branches, otherwise };
  }

  #range(at: number): Node {
    const outer = this.#pipelines.variables.length;
    const pipe = this.#pipelines.pipeline("range", "}}");
    this.#ranges++;
    const [body, end] = this.#list();
    this.#ranges--;
    const otherwise = end === "else" ? this.#otherwise() : null;
    this.#pipelines.variables.length = outer;
    return { kind: "range", at, pipe, body, otherwise };
  }

  #otherwise(): Node[] {
    const [body, end] = this.#list();
    if (end !== "end") this.#tokens.fail("expected end; found {{else}}");
    return body;
  }
}
