import { type FunctionTable, goFunction } from "../function-table.ts";
import { tableOf } from "./table.ts";

/** The function by which people try whether functions work. */
export const helloFunctions: FunctionTable = tableOf({ hello: goFunction([], () => "Hello!") });
