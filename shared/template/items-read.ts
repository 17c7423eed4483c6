import type { CommandNode, Node, Operand, PipeNode } from "./nodes.ts";
import type { ParsedTemplates } from "./parser.ts";

/** Which items a template reads: those it names, or all where it takes `.` as a whole. */
export type ItemsRead = { readonly all: boolean; readonly names: ReadonlySet<string> };

/**
 * Which items a template reads, by its text alone. What a run reads depends on values, and who is told of it could
 * ask for them byte by byte; so a branch that is never taken counts, too.
 * @param name the template that is run; names are byte strings.
 */
export function itemsRead(templates: ParsedTemplates, name: string): ItemsRead {
  const search = new Search(templates);
  search.template(name, true);
  return search;
}

/** What stands for all items in one template's body: perhaps `.`, and variables. */
type Scope = { readonly dot: boolean; readonly variables: Set<string> };

class Search implements ItemsRead {
  all = false;
  readonly names = new Set<string>();
  readonly #templates: ParsedTemplates;
  readonly #done = new Set<string>();

  constructor(templates: ParsedTemplates) {
    this.#templates = templates;
  }

  /** @param withItems whether it is called with all items as `.`. */
  template(name: string, withItems: boolean): void {
    const key = `${withItems} ${name}`;
    if (this.#done.has(key)) return;
    this.#done.add(key);
    const variables = new Set(withItems ? ["$"] : []);
    this.#body(this.#templates.get(name) ?? [], { dot: withItems, variables });
  }

  #body(nodes: readonly Node[], scope: Scope): void {
    for (const node of nodes) this.#node(node, scope);
  }

  #node(node: Node, scope: Scope): void {
    switch (node.kind) {
      case "action":
        this.#pipe(node.pipe, scope, node.pipe.variables.length > 0);
        return;
      case "template":
        if (node.pipe !== null) this.#pipe(node.pipe, scope, true);
        this.template(node.name, node.pipe !== null && isItems(node.pipe, scope));
        return;
      case "range":
        this.#pipe(node.pipe, scope, false);
        this.#body(node.body, { ...scope, dot: false });
        break;
      case "if":
      case "with":
        for (const { pipe, body } of node.branches) {
          this.#pipe(pipe, scope, true);
          this.#body(body, node.kind === "with" ? { ...scope, dot: isItems(pipe, scope) } : scope);
        }
        break;
      default:
        return;
    }
    if (node.otherwise !== null) this.#body(node.otherwise, scope);
  }

  /** @param passesOn whether all items as the pipeline's result are only handed on, not read. */
  #pipe(pipe: PipeNode, scope: Scope, passesOn: boolean): void {
    const items = isItems(pipe, scope);
    if (items) for (const variable of pipe.variables) scope.variables.add(variable);
    if (!items || !passesOn) for (const command of pipe.commands) this.#command(command, scope);
  }

  #command({ first, args }: CommandNode, scope: Scope): void {
    const [from, key] = args;
    const isIndex = first.kind === "function" && first.name === "index";
    if (isIndex && from !== undefined && key?.kind === "string" && isItems(from, scope)) {
      this.names.add(key.value);
      return;
    }
    // Their number is nothing of their content.
    if (first.kind === "function" && first.name === "len" && from !== undefined && isItems(from, scope))
      return;
    for (const operand of [first, ...args]) this.#operand(operand, scope);
  }

  #operand(operand: Operand, scope: Scope): void {
    if (isItems(operand, scope)) {
      this.all = true;
      return;
    }
    switch (operand.kind) {
      case "pipe":
        this.#pipe(operand, scope, false);
        return;
      case "field":
        if (scope.dot) this.#named(operand.path);
        return;
      case "variable":
        if (scope.variables.has(operand.name)) this.#named(operand.path);
        return;
      case "chain":
        if (isItems(operand.operand, scope)) this.#named(operand.path);
        else this.#operand(operand.operand, scope);
    }
  }

  #named([name]: readonly string[]): void {
    if (name !== undefined) this.names.add(name);
  }
}

/** Whether an operand is all items: `.` at the top, `$`, a variable with them, or one of these in parentheses. */
function isItems(operand: Operand, scope: Scope): boolean {
  switch (operand.kind) {
    case "dot":
      return scope.dot;
    case "variable":
      return operand.path.length === 0 && scope.variables.has(operand.name);
    case "pipe": {
      const [command, another] = operand.commands;
      return (
        command !== undefined &&
        another === undefined &&
        command.args.length === 0 &&
        isItems(command.first, scope)
      );
    }
    default:
      return false;
  }
}
