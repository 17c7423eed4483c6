import { LimitReached } from "./limits.ts";
import type { Node, PipeNode, RangeNode } from "./nodes.ts";
import { Pipelines, type Run } from "./pipelines.ts";
import { print } from "./printf.ts";
import { isTrue } from "./truth.ts";
import { ABSENT, integer, sortedEntries, typeOf, type Value } from "./value.ts";
import { Variables } from "./variables.ts";

type Signal = "break" | "continue" | null;

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
  readonly #pipelines: Pipelines;
  #calls = 0;

  constructor(run: Run) {
    this.#run = run;
    this.#pipelines = new Pipelines(run);
  }

  run(dot: Value): string {
    this.#pipelines.variables = new Variables(dot);
    try {
      this.#run.budget.checkTime();
      this.#walkAll(this.#run.templates.get(this.#run.name) ?? [], dot);
      return this.#output;
    } catch (error) {
      throw this.#pipelines.told(error);
    }
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
    this.#pipelines.at = node.at;
    this.#run.budget.spend(1);
    switch (node.kind) {
      case "text":
        this.#write(node.text);
        return null;
      case "action": {
        const value = this.#pipelines.pipe(node.pipe, dot);
        if (node.pipe.variables.length === 0) this.#print(value);
        return null;
      }
      case "if":
      case "with":
        return this.#pipelines.deeper(() => this.#conditional(node, dot));
      case "range":
        return this.#pipelines.deeper(() => this.#range(node, dot));
      case "template":
        this.#pipelines.deeper(() => this.#template(node.name, node.pipe, dot));
        return null;
      default:
        return node.kind;
    }
  }

  #print(value: Value): void {
    if (typeof value === "string") this.#write(value);
    else
      this.#write(
        value === ABSENT
          ? "<no value>"
          : this.#pipelines.called("print", () => print([value], this.#run.budget)),
      );
  }

  #conditional(node: Extract<Node, { kind: "if" | "with" }>, dot: Value): Signal {
    const { mark } = this.#pipelines.variables;
    const signal = this.#chosen(node, dot);
    this.#pipelines.variables.backTo(mark);
    return signal;
  }

  #chosen({ kind, branches, otherwise }: Extract<Node, { kind: "if" | "with" }>, dot: Value): Signal {
    for (const { at, pipe, body } of branches) {
      this.#pipelines.at = at;
      const value = this.#pipelines.pipe(pipe, dot);
      if (isTrue(value)) return this.#walkAll(body, kind === "with" ? value : dot);
    }
    return otherwise === null ? null : this.#walkAll(otherwise, dot);
  }

  #range(node: RangeNode, dot: Value): Signal {
    const variables = this.#pipelines.variables;
    const { mark } = variables;
    const value = this.#pipelines.pipe(node.pipe, dot);
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
    if (!pipe.assigns) this.#pipelines.variables.backTo(top - values.length);
    pipe.variables.forEach((name, index) => {
      const value = values[index] ?? ABSENT;
      if (pipe.assigns) this.#pipelines.assign(name, value);
      else this.#pipelines.variables.declare(name, value);
    });
  }

  *#items(value: Value, { pipe }: RangeNode): Generator<[Value, Value], void, undefined> {
    if (value === ABSENT) return;
    if (typeof value === "object" && value.tag === "integer") {
      if (pipe.variables.length > 1)
        this.#pipelines.fail("can't use an integer to iterate over more than one variable");
      for (let i = 0n; i < value.value; i++) yield [ABSENT, integer(i, value.type)];
    } else if (typeof value === "object" && value.tag === "slice") {
      for (let i = 0; i < value.items.length; i++) yield [integer(i), value.items[i] ?? ABSENT];
    } else if (typeof value === "object" && value.tag === "map") {
      // They are sorted, even if the first round breaks off.
      this.#run.budget.spend(value.entries.size);
      yield* sortedEntries(value);
    } else this.#pipelines.fail(`range can't iterate over ${typeOf(value)?.name ?? "nil"}`);
  }

  #template(name: string, pipe: PipeNode | null, dot: Value): void {
    const body = this.#run.templates.get(name);
    if (body === undefined) this.#pipelines.fail("a template that is not defined is called");
    if (this.#calls >= this.#run.limits.callDepth) throw new LimitReached("callDepth");
    const passed = pipe === null ? ABSENT : this.#pipelines.pipe(pipe, dot);
    const outer = this.#pipelines.variables;
    this.#pipelines.variables = new Variables(passed);
    this.#calls++;
    this.#walkAll(body, passed);
    this.#calls--;
    this.#pipelines.variables = outer;
  }
}
