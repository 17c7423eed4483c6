import { byteStringToText } from "./byte-string.ts";

/** A number as written: it takes the type that its place asks for. Null where it cannot have that type. */
export type NumberNode = {
  readonly kind: "number";
  readonly at: number;
  readonly integer: bigint | null;
  readonly unsigned: bigint | null;
  readonly float: number | null;
  /** Where no type is asked for, it is a float64 rather than an int. */
  readonly looksFloat: boolean;
};

/** What stands as command or argument. Each `at` is an offset into the source, in bytes. */
export type Operand =
  | NumberNode
  | PipeNode
  | { readonly kind: "bool"; readonly at: number; readonly value: boolean }
  | { readonly kind: "string"; readonly at: number; readonly value: string }
  | { readonly kind: "nil"; readonly at: number }
  | { readonly kind: "dot"; readonly at: number }
  | { readonly kind: "function"; readonly at: number; readonly name: string }
  /** `.a.b`. */
  | { readonly kind: "field"; readonly at: number; readonly path: readonly string[] }
  /** `$x.a.b`; the name has its `$`. */
  | {
      readonly kind: "variable";
      readonly at: number;
      readonly name: string;
      readonly path: readonly string[];
    }
  /** `(…).a.b`, or a function's result without arguments. */
  | {
      readonly kind: "chain";
      readonly at: number;
      readonly operand: Operand;
      readonly path: readonly string[];
    };

/** A command: what is called, and its arguments. */
export type CommandNode = { readonly at: number; readonly first: Operand; readonly args: readonly Operand[] };

/** `$x := a | b | c`. */
export type PipeNode = {
  readonly kind: "pipe";
  readonly at: number;
  /** `=` instead of `:=`. */
  readonly assigns: boolean;
  readonly variables: readonly string[];
  readonly commands: readonly CommandNode[];
};

/** A pipeline and what is done where it is true. */
export type Branch = { readonly at: number; readonly pipe: PipeNode; readonly body: readonly Node[] };

/** What a template is made of. */
export type Node =
  | { readonly kind: "text"; readonly at: number; readonly text: string }
  | { readonly kind: "action"; readonly at: number; readonly pipe: PipeNode }
  | { readonly kind: "break" | "continue"; readonly at: number }
  /** With all its `else if` (or `else with`): a chain of them is no nesting. */
  | {
      readonly kind: "if" | "with";
      readonly at: number;
      readonly branches: readonly Branch[];
      readonly otherwise: readonly Node[] | null;
    }
  | RangeNode
  | { readonly kind: "template"; readonly at: number; readonly name: string; readonly pipe: PipeNode | null };

/** `range … else … end`. */
export type RangeNode = {
  readonly kind: "range";
  readonly at: number;
  readonly pipe: PipeNode;
  readonly body: readonly Node[];
  readonly otherwise: readonly Node[] | null;
};

/** Whether nodes hold nothing but white space. Such a definition may be replaced by another. */
export function isEmptyBody(nodes: readonly Node[]): boolean {
  return nodes.every(
    (node) => node.kind === "text" && /^\p{White_Space}*$/u.test(byteStringToText(node.text)),
  );
}
