import type { GoType, Value } from "./value.ts";

/** Why a function's result may differ from run to run, or costs so much that it must be allowed expressly. */
export type Nondeterminism = "random" | "clock" | "costly";

/** What a function gets besides its arguments. Whatever these throw must pass through: never catch it. */
export type CallContext = {
  /** Accounts for work before it is done: about one step for each item or each hundred bytes touched. */
  spend(steps: number): void;
  /** Accounts for a result of so many bytes before it is built. Call it whenever output can exceed the input. */
  grow(bytes: number): void;
  /** Milliseconds since 1970. Refused unless nondeterminism is allowed. */
  now(): number;
  /** So many random bytes. Refused unless nondeterminism is allowed. */
  randomBytes(length: number): Uint8Array;
};

/** A function that templates can call. Build one with goFunction or variadicFunction. */
export type TemplateFunction = {
  /** Go's parameter types. The evaluator checks number and types by Go's rules, so that `call` need not. */
  readonly parameters: readonly GoType[];
  /** True when the last parameter stands for any number of values (its type is that of one of them). */
  readonly variadic: boolean;
  readonly nondeterministic?: Nondeterminism;
  /**
   * @param args as many as `parameters` (or more or one fewer when variadic). For a parameter of type `any` a nil is NIL, never ABSENT.
   * @throws TemplateFunctionError where Go's function gives an error or panics.
   */
  readonly call: (args: readonly Value[], context: CallContext) => Value;
};

/** Functions by the name templates use. */
export type FunctionTable = ReadonlyMap<string, TemplateFunction>;

/** A function failed. The message is in our own words and holds no value, argument or part of one. */
export class TemplateFunctionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "TemplateFunctionError";
  }
}

/** The values for a list of parameter types. */
export type Arguments<P extends readonly GoType<unknown>[]> = {
  -readonly [K in keyof P]: P[K] extends GoType<infer V> ? V : never;
};

/**
 * A function with a fixed number of parameters, as in
 * `goFunction([types.int, types.string], ([count, text], context) => …)`.
 */
export function goFunction<const P extends readonly GoType<unknown>[]>(
  parameters: P,
  call: (args: Arguments<P>, context: CallContext) => Value,
  nondeterministic?: Nondeterminism,
): TemplateFunction {
  return table(parameters, false, call as TemplateFunction["call"], nondeterministic);
}

/** A function whose last parameters are any number of `rest`: they follow the fixed ones in `args`. */
export function variadicFunction<const P extends readonly GoType<unknown>[], R>(
  parameters: P,
  rest: GoType<R>,
  call: (args: [...Arguments<P>, ...R[]], context: CallContext) => Value,
  nondeterministic?: Nondeterminism,
): TemplateFunction {
  return table([...parameters, rest], true, call as TemplateFunction["call"], nondeterministic);
}

function table(
  parameters: readonly GoType<unknown>[],
  variadic: boolean,
  call: TemplateFunction["call"],
  nondeterministic: Nondeterminism | undefined,
): TemplateFunction {
  const described = { parameters: parameters as readonly GoType[], variadic, call };
  return nondeterministic === undefined ? described : { ...described, nondeterministic };
}
