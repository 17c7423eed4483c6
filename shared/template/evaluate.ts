import { ArgumentMismatch, fitLiteral, fitNil, fitValue, idealConstant } from "./argument.ts";
import { builtins } from "./builtins.ts";
import { fieldOf } from "./fields.ts";
import { type FunctionTable, TemplateFunctionError } from "./function-table.ts";
import { limitError } from "./limit-error.ts";
import { LimitReached, type TemplateLimits } from "./limits.ts";
import type { CommandNode, Node, Operand, PipeNode, RangeNode } from "./nodes.ts";
import type { ParsedTemplates } from "./parser.ts";
import { print } from "./printf.ts";
import type { RunBudget } from "./run-budget.ts";
import { placeAt, TemplateError, type TemplateFault, type TemplatePlace } from "./template-error.ts";
import { isTrue } from "./truth.ts";
import { ABSENT, type GoType, integer, NIL, sortedEntries, typeOf, types, type Value } from "./value.ts";
import { Variables } from "./variables.ts";

/** One template to run, and what it runs with. */
export type Run = {
  readonly name: string;
  /** Byte string, for places in errors. */
  readonly source: string;
  readonly templates: ParsedTemplates;
  readonly functions: FunctionTable;
  readonly limits: TemplateLimits;
  readonly budget: RunBudget;
};

type Signal = "break" | "continue" | null;
type Callee = {
  readonly name: string;
  readonly parameters: readonly GoType[];
  readonly variadic: boolean;
  readonly call: (args: readonly Value[]) => Value;
};

const HINT = "Correct this template, or the items it reads.";

/**
 * Runs a template on a value.
 * @returns the output as a byte string.
 * @throws TemplateError for every failure.
 */
export function evaluate(run: Run, dot: Value): string {
  return new Evaluation(run).run(dot);
}

class Evaluation {
  readonly #run: Run;
  #output = "";
  #variables: Variables;
  #at = 0;
  #depth = 0;
  #calls = 0;

  constructor(run: Run) {
    this.#run = run;
    this.#variables = new Variables(ABSENT);
  }

  run(dot: Value): string {
    this.#variables = new Variables(dot);
    try {
      this.#run.budget.checkTime();
      this.#walkAll(this.#run.templates.get(this.#run.name) ?? [], dot);
      return this.#output;
    } catch (error) {
      throw this.#told(error);
    }
  }

  #told(error: unknown): TemplateError {
    if (error instanceof TemplateError) return error;
    if (error instanceof LimitReached) return this.#limitError(error.limit);
    if (error instanceof ArgumentMismatch) return this.#error(error.message);
    // The stack may be shallower where we run than where the limits were measured.
    if (error instanceof RangeError) return this.#limitError("depth");
    return this.#error("evaluation failed in a way that was not foreseen");
  }

  #limitError(limit: keyof TemplateLimits): TemplateError {
    return limitError(this.#place(), limit, this.#run.limits);
  }

  #error(reason: string, fault: TemplateFault = {}): TemplateError {
    return new TemplateError(this.#place(), reason, HINT, fault);
  }

  #place(): TemplatePlace {
    return placeAt(this.#run.name, this.#run.source, this.#at);
  }

  #fail(reason: string, fault: TemplateFault = {}): never {
    throw this.#error(reason, fault);
  }

  /** Counts a level of evaluation while `work` runs. After an error nobody counts any more. */
  #deeper<T>(work: () => T): T {
    if (++this.#depth > this.#run.limits.depth) throw new LimitReached("depth");
    const result = work();
    this.#depth--;
    return result;
  }

  #write(text: string): void {
    this.#run.budget.write(text.length, this.#output.length);
    this.#output += text;
  }

  #walkAll(nodes: readonly Node[], dot: Value): Signal {
    for (const node of nodes) {
      const signal = this.#walk(node, dot);
      if (signal !== null) return signal;
    }
    return null;
  }

  #walk(node: Node, dot: Value): Signal {
    this.#at = node.at;
    this.#run.budget.spend(1);
    switch (node.kind) {
      case "text":
        this.#write(node.text);
        return null;
      case "action": {
        const value = this.#pipe(node.pipe, dot);
        if (node.pipe.variables.length === 0) this.#print(value);
        return null;
      }
      case "if":
      case "with":
        return this.#deeper(() => this.#conditional(node, dot));
      case "range":
        return this.#deeper(() => this.#range(node, dot));
      case "template":
        this.#deeper(() => this.#template(node.name, node.pipe, dot));
        return null;
      default:
        return node.kind;
    }
  }

  #print(value: Value): void {
    if (typeof value === "string") this.#write(value);
    else
      this.#write(
        value === ABSENT ? "<no value>" : this.#called("print", () => print([value], this.#run.budget)),
      );
  }

  #conditional(node: Extract<Node, { kind: "if" | "with" }>, dot: Value): Signal {
    const { mark } = this.#variables;
    const signal = this.#chosen(node, dot);
    this.#variables.backTo(mark);
    return signal;
  }

  #chosen({ kind, branches, otherwise }: Extract<Node, { kind: "if" | "with" }>, dot: Value): Signal {
    for (const { at, pipe, body } of branches) {
      this.#at = at;
      const value = this.#pipe(pipe, dot);
      if (isTrue(value)) return this.#walkAll(body, kind === "with" ? value : dot);
    }
    return otherwise === null ? null : this.#walkAll(otherwise, dot);
  }

  #range(node: RangeNode, dot: Value): Signal {
    const variables = this.#variables;
    const { mark } = variables;
    const value = this.#pipe(node.pipe, dot);
    const top = variables.mark;
    let signal: Signal = null;
    let ran = false;
    for (const [key, item] of this.#items(value, node)) {
      ran = true;
      this.#run.budget.spend(1);
      this.#bind(node, key, item, top);
      signal = this.#walkAll(node.body, item);
      variables.backTo(top);
      if (signal === "break") break;
    }
    variables.backTo(mark);
    if (ran || node.otherwise === null) return null;
    // As in Go, a break there ends this range only, but a continue goes on with the range around it.
    return this.#walkAll(node.otherwise, dot) === "continue" ? "continue" : null;
  }

  /** Gives a round of a range its variables: the item to the last, the key to the first of two. */
  #bind({ pipe }: RangeNode, key: Value, item: Value, top: number): void {
    const [first, second] = pipe.variables;
    if (first === undefined) return;
    const values = second === undefined ? [item] : [key, item];
    if (!pipe.assigns) this.#variables.backTo(top - values.length);
    pipe.variables.forEach((name, index) => {
      const value = values[index] ?? ABSENT;
      if (pipe.assigns) this.#assign(name, value);
      else this.#variables.declare(name, value);
    });
  }

  *#items(value: Value, { pipe }: RangeNode): Generator<[Value, Value], void, undefined> {
    if (value === ABSENT) return;
    if (typeof value === "object" && value.tag === "integer") {
      if (pipe.variables.length > 1)
        this.#fail("can't use an integer to iterate over more than one variable");
      for (let i = 0n; i < value.value; i++) yield [ABSENT, integer(i, value.type)];
    } else if (typeof value === "object" && value.tag === "slice") {
      for (let i = 0; i < value.items.length; i++) yield [integer(i), value.items[i] ?? ABSENT];
    } else if (typeof value === "object" && value.tag === "map") yield* sortedEntries(value);
    else this.#fail(`range can't iterate over ${typeOf(value)?.name ?? "nil"}`);
  }

  #template(name: string, pipe: PipeNode | null, dot: Value): void {
    const body = this.#run.templates.get(name);
    if (body === undefined) this.#fail("a template that is not defined is called");
    if (this.#calls >= this.#run.limits.callDepth) throw new LimitReached("callDepth");
    const passed = pipe === null ? ABSENT : this.#pipe(pipe, dot);
    const outer = this.#variables;
    this.#variables = new Variables(passed);
    this.#calls++;
    this.#walkAll(body, passed);
    this.#calls--;
    this.#variables = outer;
  }

  #pipe(pipe: PipeNode, dot: Value): Value {
    this.#at = pipe.at;
    let value: Value | null = null;
    for (const command of pipe.commands) {
      value = this.#command(command, dot, value);
      // A nil inside an interface is nothing from here on.
      if (value === NIL) value = ABSENT;
    }
    const result = value ?? ABSENT;
    for (const name of pipe.variables) {
      if (pipe.assigns) this.#assign(name, result);
      else this.#variables.declare(name, result);
    }
    return result;
  }

  #assign(name: string, value: Value): void {
    if (!this.#variables.assign(name, value)) this.#fail(`undefined variable ${name}`);
  }

  /** @param final what the command before it in the pipeline gave; null when it is the first. */
  #command({ at, first, args }: CommandNode, dot: Value, final: Value | null): Value {
    switch (first.kind) {
      case "function":
        return this.#function(first.name, at, args, dot, final);
      case "field":
        return this.#chain(dot, first.path, first.at, args, dot, final);
      case "chain":
        return this.#chain(this.#chainStart(first.operand, dot), first.path, first.at, args, dot, final);
      case "variable":
        return this.#variable(first, args, dot, final);
    }
    this.#at = first.at;
    if (args.length > 0 || final !== null) this.#fail("can't give argument to a non-function");
    switch (first.kind) {
      case "pipe":
        return this.#deeper(() => this.#pipe(first, dot));
      case "dot":
        return dot;
      case "nil":
        return this.#fail("nil is not a command");
      case "number":
        return idealConstant(first);
      default:
        return first.value;
    }
  }

  #chainStart(operand: Operand, dot: Value): Value {
    return this.#argument(operand, null, dot);
  }

  #variable(
    { name, path, at }: Extract<Operand, { kind: "variable" }>,
    args: readonly Operand[],
    dot: Value,
    final: Value | null,
  ): Value {
    this.#at = at;
    const value = this.#variables.get(name);
    if (value === undefined) return this.#fail(`undefined variable ${name}`);
    if (path.length > 0) return this.#chain(value, path, at, args, dot, final);
    if (args.length > 0 || final !== null) this.#fail("can't give argument to a non-function");
    return value;
  }

  /** Follows `.a.b.c` from a value. Only the last can be a method that takes arguments. */
  #chain(
    from: Value,
    path: readonly string[],
    at: number,
    args: readonly Operand[],
    dot: Value,
    final: Value | null,
  ): Value {
    let value = from;
    path.forEach((name, index) => {
      this.#at = at;
      const isLast = index === path.length - 1;
      value = isLast ? this.#field(value, name, args, dot, final) : this.#field(value, name, [], dot, null);
    });
    return value;
  }

  #field(receiver: Value, name: string, args: readonly Operand[], dot: Value, final: Value | null): Value {
    const field = fieldOf(receiver, name);
    if ("method" in field) {
      const { parameters, variadic = false, call } = field.method;
      return this.#call(
        { name, parameters, variadic, call: (given) => call(receiver, given) },
        args,
        dot,
        final,
      );
    }
    if ("wrong" in field) return this.#fail(field.wrong);
    const given = args.length > 0 || final !== null;
    if (given && receiver !== ABSENT) this.#fail(`${name} is not a method but has arguments`);
    return field.value;
  }

  #function(name: string, at: number, args: readonly Operand[], dot: Value, final: Value | null): Value {
    this.#at = at;
    const { functions, budget } = this.#run;
    const own = functions.get(name);
    const found = own ?? builtins.get(name);
    if (found === undefined) return this.#fail(`function "${name}" not defined`, { functionName: name });
    const callee: Callee = { ...found, name, call: (given) => found.call(given, budget) };
    if (own === undefined && (name === "and" || name === "or")) return this.#decide(callee, args, dot, final);
    const result = this.#call(callee, args, dot, final);
    if (typeof result === "string") budget.grow(result.length);
    return result;
  }

  /** `and` and `or`: what comes behind the argument that decides is not evaluated. */
  #decide(callee: Callee, args: readonly Operand[], dot: Value, final: Value | null): Value {
    this.#checkCount(callee, args.length, final);
    let value: Value = ABSENT;
    for (const arg of args) {
      value = this.#argument(arg, types.reflected, dot);
      if (isTrue(value) === (callee.name === "or")) return value;
    }
    return final ?? value;
  }

  #checkCount({ name, parameters, variadic }: Callee, given: number, final: Value | null): void {
    const count = given + (final === null ? 0 : 1);
    const fixed = variadic ? parameters.length - 1 : parameters.length;
    if (variadic ? count >= fixed : count === fixed) return;
    const wanted = `${variadic ? "at least " : ""}${fixed}`;
    this.#fail(`wrong number of args for ${name}: want ${wanted} got ${count}`, { functionName: name });
  }

  #call(callee: Callee, args: readonly Operand[], dot: Value, final: Value | null): Value {
    const at = this.#at;
    this.#checkCount(callee, args.length, final);
    const lastType = callee.parameters.length - 1;
    const typeAt = (index: number) => callee.parameters[Math.min(index, lastType)] ?? types.any;
    const values = args.map((arg, index) => this.#argument(arg, typeAt(index), dot));
    if (final !== null) values.push(fitValue(final, typeAt(values.length)));
    this.#at = at;
    this.#run.budget.spend(values.reduce<number>((steps, value) => steps + costOf(value), 1));
    return this.#called(callee.name, () => callee.call(values));
  }

  /** Runs what functions and printing do, and tells of their failures by the function's name. */
  #called<T>(name: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof LimitReached || error instanceof TemplateError) throw error;
      if (error instanceof RangeError) throw new LimitReached("depth");
      const why =
        error instanceof TemplateFunctionError ? error.message : "it failed in a way that was not foreseen";
      return this.#fail(`error calling ${name}: ${why}`, { functionName: name });
    }
  }

  #argument(arg: Operand, type: GoType | null, dot: Value): Value {
    this.#at = arg.at;
    switch (arg.kind) {
      case "dot":
        return fitValue(dot, type);
      case "nil":
        return fitNil(type);
      case "field":
        return this.#fit(this.#chain(dot, arg.path, arg.at, [], dot, null), type, arg.at);
      case "variable":
        return this.#fit(this.#variable(arg, [], dot, null), type, arg.at);
      case "pipe":
        return this.#fit(
          this.#deeper(() => this.#pipe(arg, dot)),
          type,
          arg.at,
        );
      case "function":
        return this.#fit(this.#function(arg.name, arg.at, [], dot, null), type, arg.at);
      case "chain": {
        const value = this.#chain(this.#chainStart(arg.operand, dot), arg.path, arg.at, [], dot, null);
        return this.#fit(value, type, arg.at);
      }
      default:
        return fitLiteral(arg, type);
    }
  }

  #fit(value: Value, type: GoType | null, at: number): Value {
    this.#at = at;
    return fitValue(value, type);
  }
}

/** What reading an argument costs: functions go through their strings at least once. */
function costOf(value: Value): number {
  return typeof value === "string" ? value.length / 100 : 0;
}
