import { type GoType, types, type Value } from "./value.ts";

/** A function or method about to be called. */
export type Callee = {
  readonly name: string;
  readonly parameters: readonly GoType[];
  /** True when the last parameter stands for any number of values. */
  readonly variadic: boolean;
  readonly call: (args: readonly Value[]) => Value;
};

/** What is wrong with a number of arguments, in our words; null when it fits. */
export function countMismatch({ name, parameters, variadic }: Callee, count: number): string | null {
  const fixed = variadic ? parameters.length - 1 : parameters.length;
  if (variadic ? count >= fixed : count === fixed) return null;
  return `wrong number of args for ${name}: want ${variadic ? "at least " : ""}${fixed} got ${count}`;
}

/** The type of a parameter; beyond the last one it is that of the last. */
export function parameterAt({ parameters }: Callee, index: number): GoType {
  return parameters[Math.min(index, parameters.length - 1)] ?? types.any;
}

/** Steps that a call costs: functions go through the strings they are given at least once. */
export function costOf(args: readonly Value[]): number {
  return args.reduce<number>((steps, arg) => steps + (typeof arg === "string" ? arg.length / 100 : 0), 1);
}
