import { ArgumentMismatch, fitLiteral, fitNil, fitValue, idealConstant } from "./argument.ts";
import { builtins } from "./builtins.ts";
import { type Callee, costOf, countMismatch, parameterAt } from "./callee.ts";
import { fieldOf } from "./fields.ts";
import { type FunctionTable, TemplateFunctionError } from "./function-table.ts";
import { limitError } from "./limit-error.ts";
import { LimitReached, type TemplateLimits } from "./limits.ts";
import type { CommandNode, Operand, PipeNode } from "./nodes.ts";
import type { ParsedTemplates } from "./parser.ts";
import type { RunBudget } from "./run-budget.ts";
import { shownName } from "./shown-name.ts";
import { placeAt, TemplateError, type TemplateFault, type TemplatePlace } from "./template-error.ts";
import { isTrue } from "./truth.ts";
import { ABSENT, type GoType, NIL, types, type Value } from "./value.ts";
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

const HINT = "Correct this template, or the items it reads.";

/** Evaluates the pipelines of one template's run: variables, fields, literals and calls. */
export class Pipelines {
  /** The variables in reach. */
  variables = new Variables(ABSENT);
  /** The offset that an error is told to be at. */
  at = 0;
  readonly #run: Run;
  #depth = 0;

  constructor(run: Run) {
    this.#run = run;
  }

  /** The TemplateError for whatever evaluation has thrown. */
  told(error: unknown): TemplateError {
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
    return placeAt(this.#run.name, this.#run.source, this.at);
  }

  /** Ends the run with a TemplateError at the present place. */
  fail(reason: string, fault: TemplateFault = {}): never {
    throw this.#error(reason, fault);
  }

  /** Counts a level of evaluation while `work` runs. After an error nobody counts any more. */
  deeper<T>(work: () => T): T {
    if (++this.#depth > this.#run.limits.depth) throw new LimitReached("depth");
    const result = work();
    this.#depth--;
    return result;
  }

  /** The value of a pipeline; what it declares or assigns is done. A nil is ABSENT. */
  pipe(pipe: PipeNode, dot: Value): Value {
    this.at = pipe.at;
    let value: Value | null = null;
    for (const command of pipe.commands) {
      value = this.#command(command, dot, value);
      // A nil inside an interface is nothing from here on.
      if (value === NIL) value = ABSENT;
    }
    const result = value ?? ABSENT;
    for (const name of pipe.variables) {
      if (pipe.assigns) this.assign(name, result);
      else this.variables.declare(name, result);
    }
    return result;
  }

  /** Gives a variable that exists a new value. */
  assign(name: string, value: Value): void {
    if (!this.variables.assign(name, value)) this.fail(`undefined variable ${shownName(name)}`);
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
    this.at = first.at;
    if (args.length > 0 || final !== null) this.fail("can't give argument to a non-function");
    switch (first.kind) {
      case "pipe":
        return this.deeper(() => this.pipe(first, dot));
      case "dot":
        return dot;
      case "nil":
        return this.fail("nil is not a command");
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
    this.at = at;
    const value = this.variables.get(name);
    if (value === undefined) return this.fail(`undefined variable ${shownName(name)}`);
    if (path.length > 0) return this.#chain(value, path, at, args, dot, final);
    if (args.length > 0 || final !== null) this.fail("can't give argument to a non-function");
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
    this.#run.budget.spend(path.length);
    path.forEach((name, index) => {
      this.at = at;
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
    if ("wrong" in field) return this.fail(field.wrong);
    const given = args.length > 0 || final !== null;
    if (given && receiver !== ABSENT) this.fail(`${shownName(name)} is not a method but has arguments`);
    return field.value;
  }

  #function(name: string, at: number, args: readonly Operand[], dot: Value, final: Value | null): Value {
    this.at = at;
    const { functions, budget } = this.#run;
    const own = functions.get(name);
    const found = own ?? builtins.get(name);
    if (found === undefined) return this.fail(`function "${name}" not defined`, { functionName: name });
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
      this.#run.budget.spend(1);
      value = this.#argument(arg, types.reflected, dot);
      if (isTrue(value) === (callee.name === "or")) return value;
    }
    return final ?? value;
  }

  #checkCount(callee: Callee, given: number, final: Value | null): void {
    const wrong = countMismatch(callee, given + (final === null ? 0 : 1));
    if (wrong !== null) this.fail(wrong, { functionName: callee.name });
  }

  #call(callee: Callee, args: readonly Operand[], dot: Value, final: Value | null): Value {
    const at = this.at;
    this.#checkCount(callee, args.length, final);
    this.#run.budget.spend(args.length);
    const values = args.map((arg, index) => this.#argument(arg, parameterAt(callee, index), dot));
    if (final !== null) values.push(fitValue(final, parameterAt(callee, values.length)));
    this.at = at;
    this.#run.budget.spend(costOf(values));
    return this.called(callee.name, () => callee.call(values));
  }

  /** Runs what functions and printing do, and tells of their failures by the function's name. */
  called<T>(name: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof LimitReached || error instanceof TemplateError) throw error;
      if (error instanceof RangeError) throw new LimitReached("depth");
      const why =
        error instanceof TemplateFunctionError ? error.message : "it failed in a way that was not foreseen";
      return this.fail(`error calling ${name}: ${why}`, { functionName: name });
    }
  }

  #argument(arg: Operand, type: GoType | null, dot: Value): Value {
    this.at = arg.at;
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
          this.deeper(() => this.pipe(arg, dot)),
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
    this.at = at;
    return fitValue(value, type);
  }
}
