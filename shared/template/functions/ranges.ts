import { type CallContext, type FunctionTable, goFunction, variadicFunction } from "../function-table.ts";
import { type GoInteger, integer, slice, types } from "../value.ts";
import { makeItems, writeBytes } from "./accounting.ts";
import { tableOf } from "./table.ts";

const { int } = types;

/** Sprig's functions that count. */
export const rangeFunctions: FunctionTable = tableOf({
  until: goFunction([int], ([{ value }], context) =>
    integers(countFrom(0n, value, value < 0n ? -1n : 1n, context)),
  ),
  untilStep: goFunction([int, int, int], ([start, stop, step], context) =>
    integers(countFrom(start.value, stop.value, step.value, context)),
  ),
  seq: variadicFunction([], int, (bounds, context) => {
    const text = sequence(bounds, context).join(" ");
    writeBytes(context, text.length);
    return text;
  }),
});

/** The numbers from `start` up or down to before `stop`; none when the step leads away from it. */
function countFrom(start: bigint, stop: bigint, step: bigint, context: CallContext): bigint[] {
  if (step === 0n || stop < start !== step < 0n) return [];
  const distance = stop < start ? start - stop : stop - start;
  const size = step < 0n ? -step : step;
  const count = Number((distance + size - 1n) / size);
  makeItems(context, count);
  return Array.from({ length: count }, (_, index) => start + BigInt(index) * step);
}

function integers(values: readonly bigint[]) {
  return slice(
    values.map((value) => integer(value)),
    types.ints,
  );
}

/** One bound counts from 1 to it, two from the first to the second, three with a step between; the last is included. */
function sequence(bounds: readonly GoInteger[], context: CallContext): bigint[] {
  const [one, two, three] = bounds.map(({ value }) => value);
  if (one === undefined || bounds.length > 3) return [];
  const [start, end] = two === undefined ? [1n, one] : [one, three ?? two];
  const direction = end < start ? -1n : 1n;
  const step = three === undefined ? direction : (two ?? direction);
  return countFrom(start, end + direction, step, context);
}
