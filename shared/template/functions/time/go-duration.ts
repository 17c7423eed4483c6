import { type GoInteger, type GoType, integer, type Method, types, type Value } from "../../value.ts";
import { MONTHS, WEEKDAYS } from "./calendar.ts";
import { bounded, durationText, HOUR, MINUTE, roundDuration, SECOND } from "./duration.ts";

const methods = new Map<string, Method>();

/** time.Duration: nanoseconds. */
export const durationType: GoType<GoInteger> = {
  name: "time.Duration",
  kind: "int64",
  methods,
  string: (value) => durationText(bigintOf(value)),
};

/** time.Month and time.Weekday print as names. */
export const monthType = namedNumbers("time.Month", MONTHS, 1);
export const weekdayType = namedNumbers("time.Weekday", WEEKDAYS, 0);

/** A duration of so many nanoseconds. */
export function durationValue(nanoseconds: bigint): GoInteger {
  return integer(nanoseconds, durationType as GoType);
}

/** The number in an integer value; 0n for another value, which the evaluator lets nowhere near. */
export function bigintOf(value: Value | undefined): bigint {
  return typeof value === "object" && value.tag === "integer" ? value.value : 0n;
}

const whole = (unit: bigint): Method => ({
  parameters: [],
  call: (receiver) => integer(bigintOf(receiver) / unit, types.int64),
});
const fractional = (unit: bigint): Method => ({
  parameters: [],
  call: (receiver) => {
    const value = bigintOf(receiver);
    return Number(value / unit) + Number(value % unit) / Number(unit);
  },
});
const stepped = (change: (value: bigint, step: bigint) => bigint): Method => ({
  parameters: [durationType as GoType],
  call: (receiver, [step]) => durationValue(change(bigintOf(receiver), bigintOf(step))),
});

methods
  .set("String", { parameters: [], call: (receiver) => durationText(bigintOf(receiver)) })
  .set("Nanoseconds", whole(1n))
  .set("Microseconds", whole(1_000n))
  .set("Milliseconds", whole(1_000_000n))
  .set("Seconds", fractional(SECOND))
  .set("Minutes", fractional(MINUTE))
  .set("Hours", fractional(HOUR))
  .set("Round", stepped(roundDuration))
  .set(
    "Truncate",
    stepped((value, step) => (step <= 0n ? value : value - (value % step))),
  )
  .set("Abs", {
    parameters: [],
    call: (receiver) => {
      const value = bigintOf(receiver);
      return durationValue(bounded(value < 0n ? -value : value));
    },
  });

function namedNumbers(name: string, names: readonly string[], first: number): GoType<GoInteger> {
  const text = (value: Value): string => {
    const number = bigintOf(value);
    const plain = name.slice("time.".length);
    return names[Number(number) - first] ?? `%!${plain}(${BigInt.asUintN(64, number)})`;
  };
  const string: Method = { parameters: [], call: text };
  return { name, kind: "int", methods: new Map([["String", string]]), string: text };
}
