import {
  type FunctionTable,
  goFunction,
  TemplateFunctionError,
  variadicFunction,
} from "../function-table.ts";
import { NIL, types } from "../value.ts";
import { isEmpty } from "./emptiness.ts";
import { tableOf } from "./table.ts";

const { any, bool, string } = types;

/** Sprig's functions that choose between values, and the one that gives up. */
export const defaultFunctions: FunctionTable = tableOf({
  default: variadicFunction([any], any, ([fallback, given]) =>
    given === undefined || isEmpty(given) ? fallback : given,
  ),
  empty: goFunction([any], ([value]) => isEmpty(value)),
  coalesce: variadicFunction([], any, (values) => values.find((value) => !isEmpty(value)) ?? NIL),
  all: variadicFunction([], any, (values) => !values.some(isEmpty)),
  any: variadicFunction([], any, (values) => values.some((value) => !isEmpty(value))),
  ternary: goFunction([any, any, bool], ([yes, no, chosen]) => (chosen ? yes : no)),
  // The template's text may hold a secret, so that it goes nowhere.
  fail: goFunction([string], () => {
    throw new TemplateFunctionError(
      "the template ended itself; its message is not shown, since it may hold a secret",
    );
  }),
});
