import { TemplateFunctionError } from "../../function-table.ts";
import {
  type GoInteger,
  type GoStruct,
  type GoType,
  integer,
  type Method,
  types,
  type Value,
} from "../../value.ts";
import { dayOfYear, MONTHS, weekdayOf } from "./calendar.ts";
import { bounded, SECOND } from "./duration.ts";
import { formatTime, timeText } from "./format-time.ts";
import { bigintOf, durationType, durationValue, monthType, weekdayType } from "./go-duration.ts";
import {
  addNanoseconds,
  type ClockFace,
  clockFace,
  type Instant,
  instantOf,
  nanosecondsBetween,
  ZERO_INSTANT,
} from "./instant.ts";
import { UTC, type Zone } from "./zone.ts";

const methods = new Map<string, Method>();
const { int, int64, string } = types;

/** time.Time */
export const timeType: GoType<GoStruct> = {
  name: "time.Time",
  kind: "struct",
  methods,
  string: (value) => timeText(instantIn(value)),
  goString: (value) => goText(instantIn(value)),
  json: (value) => jsonText(instantIn(value)),
  // Go compares the fields: instant and location.
  equals: (a, b) =>
    nanosecondsBetween(instantIn(a), instantIn(b)) === 0n && instantIn(a).zone === instantIn(b).zone,
};

/** A time as a template's value. */
export function timeValue(instant: Instant): GoStruct {
  return { tag: "struct", type: timeType as GoType, fields: new Map(), payload: instant };
}

/** The instant of a time value. */
export function instantIn(value: Value | undefined): Instant {
  return (value as GoStruct).payload as Instant;
}

function method(
  parameters: readonly GoType<unknown>[],
  call: (instant: Instant, args: readonly Value[]) => Value,
): Method {
  return {
    parameters: parameters as readonly GoType[],
    call: (receiver, args) => call(instantIn(receiver), args),
  };
}

const shown = (part: (face: ClockFace) => bigint | number, type: GoType<GoInteger> = int): Method =>
  method([], (instant) => integer(part(clockFace(instant)), type as GoType));
const since1970 = (unit: bigint): Method =>
  method([], ({ seconds, nanoseconds }) =>
    integer(unit === 0n ? seconds : seconds * unit + BigInt(nanoseconds) / (SECOND / unit), int64),
  );
const compared = (result: (difference: bigint) => Value): Method =>
  method([timeType], (instant, [other]) => result(nanosecondsBetween(instant, instantIn(other))));

/** *time.Location: where a time's clock stands. */
const locationType: GoType<GoStruct> = {
  name: "*time.Location",
  kind: "ptr",
  methods: new Map([["String", { parameters: [], call: (receiver): Value => zoneIn(receiver).name }]]),
  string: (value) => zoneIn(value).name,
};

function zoneIn(value: Value | undefined): Zone {
  return (value as GoStruct).payload as Zone;
}

methods
  .set(
    "Location",
    method([], ({ zone }) => ({
      tag: "struct",
      type: locationType as GoType,
      fields: new Map(),
      payload: zone,
    })),
  )
  .set(
    "In",
    method([locationType], (instant, [zone]) => timeValue({ ...instant, zone: zoneIn(zone) })),
  )
  .set("String", method([], timeText))
  .set("GoString", method([], goText))
  .set(
    "Format",
    method([string], (instant, [layout]) => formatTime(instant, String(layout))),
  )
  .set(
    "Year",
    shown(({ year }) => year),
  )
  .set(
    "Month",
    shown(({ month }) => month, monthType),
  )
  .set(
    "Day",
    shown(({ day }) => day),
  )
  .set("YearDay", shown(dayOfYear))
  .set(
    "Weekday",
    shown(({ days }) => weekdayOf(days), weekdayType),
  )
  .set(
    "Hour",
    shown(({ hour }) => hour),
  )
  .set(
    "Minute",
    shown(({ minute }) => minute),
  )
  .set(
    "Second",
    shown(({ second }) => second),
  )
  .set(
    "Nanosecond",
    method([], ({ nanoseconds }) => integer(nanoseconds)),
  )
  .set("Unix", since1970(0n))
  .set("UnixMilli", since1970(1_000n))
  .set("UnixMicro", since1970(1_000_000n))
  .set("UnixNano", since1970(SECOND))
  .set(
    "UTC",
    method([], (instant) => timeValue({ ...instant, zone: UTC })),
  )
  .set(
    "Local",
    method([], (instant) => timeValue({ ...instant, zone: UTC })),
  )
  .set(
    "IsZero",
    method([], (instant) => nanosecondsBetween(instant, ZERO_INSTANT) === 0n),
  )
  .set(
    "IsDST",
    method([], () => false),
  )
  .set(
    "After",
    compared((difference) => difference > 0n),
  )
  .set(
    "Before",
    compared((difference) => difference < 0n),
  )
  .set(
    "Equal",
    compared((difference) => difference === 0n),
  )
  .set(
    "Compare",
    compared((difference) => integer(difference > 0n ? 1 : difference < 0n ? -1 : 0)),
  )
  .set(
    "Sub",
    compared((difference) => durationValue(bounded(difference))),
  )
  .set(
    "Add",
    method([durationType], (instant, [by]) => timeValue(addNanoseconds(instant, bigintOf(by)))),
  )
  .set(
    "AddDate",
    method([int, int, int], (instant, by) => timeValue(addDate(instant, by))),
  )
  .set(
    "Truncate",
    method([durationType], (instant, [step]) => timeValue(stepped(instant, bigintOf(step), false))),
  )
  .set(
    "Round",
    method([durationType], (instant, [step]) => timeValue(stepped(instant, bigintOf(step), true))),
  );

function addDate(instant: Instant, [years, months, days]: readonly Value[]): Instant {
  const face = clockFace(instant);
  const date = {
    year: face.year + bigintOf(years),
    month: BigInt(face.month) + bigintOf(months),
    day: BigInt(face.day) + bigintOf(days),
  };
  const second = face.hour * 3600 + face.minute * 60 + face.second;
  return instantOf(date, second, instant.nanoseconds, instant.zone);
}

/** To a multiple of a step since the zero time. */
function stepped(instant: Instant, step: bigint, nearest: boolean): Instant {
  if (step <= 0n) return instant;
  const total = nanosecondsBetween(instant, ZERO_INSTANT);
  const rest = ((total % step) + step) % step;
  return addNanoseconds(instant, nearest && rest + rest >= step ? step - rest : -rest);
}

function jsonText(instant: Instant): string {
  const { year } = clockFace(instant);
  if (year < 0n || year > 9999n) throw new TemplateFunctionError("JSON has no form for a year beyond 9999");
  return formatTime(instant, "2006-01-02T15:04:05.999999999Z07:00");
}

function goText(instant: Instant): string {
  const { year, month, day, hour, minute, second } = clockFace(instant);
  const { zone } = instant;
  const location = zone === UTC ? "time.UTC" : `time.Location("${zone.name}")`;
  const date = `${year}, time.${MONTHS[month - 1]}, ${day}`;
  return `time.Date(${date}, ${hour}, ${minute}, ${second}, ${instant.nanoseconds}, ${location})`;
}
