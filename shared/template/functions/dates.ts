import {
  type CallContext,
  type FunctionTable,
  goFunction,
  TemplateFunctionError,
} from "../function-table.ts";
import { type GoType, types, type Value } from "../value.ts";
import { writeBytes } from "./accounting.ts";
import { parseInteger } from "./parse-number.ts";
import { tableOf } from "./table.ts";
import {
  bounded,
  durationText,
  HOUR,
  MINUTE,
  parseDuration,
  roundDuration,
  SECOND,
} from "./time/duration.ts";
import { formatTime } from "./time/format-time.ts";
import { instantIn, timeType, timeValue } from "./time/go-time.ts";
import { addNanoseconds, type Instant, instantAt, nanosecondsBetween, ZERO_INSTANT } from "./time/instant.ts";
import { parseTime } from "./time/parse-time.ts";
import { namedZone, UTC } from "./time/zone.ts";

const { any, string } = types;
const HTML_DATE = "2006-01-02";
// No element of a layout is written longer than this for each of its bytes.
const LONGEST_ELEMENT = 12;
// The runtime takes its time to look up a zone.
const ZONE_STEPS = 500;

const inZone = goFunction([string, any, string], ([layout, date, zone], context) =>
  formatted(layout, dateIn(date, context, ["int32"]), zone, context),
);
const modified = goFunction([string, timeType], ([by, date]) => {
  const nanoseconds = parseDuration(by);
  return nanoseconds === null ? date : timeValue(addNanoseconds(instantIn(date), nanoseconds));
});
const modifiedOrFailed = goFunction([string, timeType], ([by, date]) => {
  const nanoseconds = parseDuration(by);
  if (nanoseconds === null) throw new TemplateFunctionError("the duration is malformed");
  return timeValue(addNanoseconds(instantIn(date), nanoseconds));
});

/**
 * Dates by Go's layouts. "Local" is UTC. What is given no date falls back to the present, so these ask the context for
 * it, which refuses where the clock may not be read.
 */
export const dateFunctions: FunctionTable = tableOf({
  now: goFunction([], (_, context) => timeValue(present(context)), "clock"),
  ago: goFunction(
    [any],
    ([date], context) => {
      const since = nanosecondsBetween(present(context), dateIn(date, context, []));
      return durationText(roundDuration(bounded(since), SECOND));
    },
    "clock",
  ),
  date: goFunction([string, any], ([layout, date], context) =>
    formatted(layout, dateIn(date, context, ["int32"]), "UTC", context),
  ),
  htmlDate: goFunction([any], ([date], context) =>
    formatted(HTML_DATE, dateIn(date, context, ["int32"]), "UTC", context),
  ),
  htmlDateInZone: goFunction([any, string], ([date, zone], context) =>
    formatted(HTML_DATE, dateIn(date, context, ["int32"]), zone, context),
  ),
  dateInZone: inZone,
  date_in_zone: inZone,
  dateModify: modified,
  date_modify: modified,
  mustDateModify: modifiedOrFailed,
  must_date_modify: modifiedOrFailed,
  toDate: goFunction([string, string], ([layout, text], context) => {
    context.spend(layout.length);
    return timeValue(parseTime(layout, text) ?? ZERO_INSTANT);
  }),
  mustToDate: goFunction([string, string], ([layout, text], context) => {
    context.spend(layout.length);
    const instant = parseTime(layout, text);
    if (instant === null) throw new TemplateFunctionError("the date does not fit the layout");
    return timeValue(instant);
  }),
  unixEpoch: goFunction([timeType], ([date]) => String(instantIn(date).seconds)),
  duration: goFunction([any], ([seconds]) => durationText(BigInt.asIntN(64, secondsIn(seconds) * SECOND))),
  durationRound: goFunction([any], ([length], context) => roundedText(lengthIn(length, context))),
});

function formatted(layout: string, date: Instant, zoneName: string, context: CallContext): string {
  writeBytes(context, LONGEST_ELEMENT * layout.length);
  context.spend(ZONE_STEPS);
  return formatTime({ ...date, zone: namedZone(zoneName) ?? UTC }, layout);
}

function present(context: CallContext): Instant {
  return instantAt(0n, BigInt(Math.trunc(context.now())) * 1_000_000n, UTC);
}

/** A time, or seconds since 1970 of an integer type that the function knows; the present for all else. */
function dateIn(value: Value, context: CallContext, more: readonly string[]): Instant {
  if (isTime(value)) return instantIn(value);
  if (
    typeof value === "object" &&
    value.tag === "integer" &&
    ["int", "int64", ...more].includes(value.type.name)
  )
    return { seconds: value.value, nanoseconds: 0, zone: UTC };
  return present(context);
}

function isTime(value: Value): boolean {
  return typeof value === "object" && value.tag === "struct" && isTimeType(value.type);
}

function isTimeType(type: GoType): boolean {
  return type.name === timeType.name;
}

/** Only int64 and decimal digits count; other types are no duration. */
function secondsIn(value: Value): bigint {
  if (typeof value === "string") return parseInteger(value, 10).value;
  return typeof value === "object" && value.tag === "integer" && value.type.name === "int64"
    ? value.value
    : 0n;
}

function lengthIn(value: Value, context: CallContext): bigint {
  if (typeof value === "string") return parseDuration(value) ?? 0n;
  if (isTime(value)) return bounded(nanosecondsBetween(present(context), instantIn(value)));
  return typeof value === "object" && value.tag === "integer" && value.type.name === "int64"
    ? value.value
    : 0n;
}

const DAY = 24n * HOUR;
const ROUND_UNITS: readonly (readonly [bigint, string])[] = [
  [365n * DAY, "y"],
  [30n * DAY, "mo"],
  [DAY, "d"],
  [HOUR, "h"],
  [MINUTE, "m"],
  [SECOND, "s"],
];

/** In the greatest unit it is longer than, cut off; sprig drops the sign. */
function roundedText(nanoseconds: bigint): string {
  const size = nanoseconds < 0n ? -nanoseconds : nanoseconds;
  for (const [unit, name] of ROUND_UNITS) {
    if (size > unit) return `${size / unit}${name}`;
  }
  return "0s";
}
