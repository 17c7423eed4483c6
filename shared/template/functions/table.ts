import type { FunctionTable, TemplateFunction } from "../function-table.ts";

/** A table of functions by name. Two names may share a function. */
export function tableOf(functions: Readonly<Record<string, TemplateFunction>>): FunctionTable {
  return new Map(Object.entries(functions));
}
