import { type CivilDate, dateOf, daysTo, floorDivide, SECONDS_A_DAY } from "./calendar.ts";
import { SECOND } from "./duration.ts";
import { UTC, type Zone } from "./zone.ts";

/** A point in time, and the zone whose clock shows it. */
export type Instant = {
  /** Seconds since 1970, of 64 bits. */
  readonly seconds: bigint;
  /** 0 to 999,999,999 */
  readonly nanoseconds: number;
  readonly zone: Zone;
};

/** What a zone's clock shows at an instant. */
export type ClockFace = CivilDate & {
  /** Days since 1970. */
  readonly days: bigint;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Seconds east of UTC. */
  readonly offset: number;
  readonly abbreviation: string;
};

/** Go's zero time: 1 January of year 1. */
export const ZERO_INSTANT: Instant = { seconds: -62_135_596_800n, nanoseconds: 0, zone: UTC };

/** An instant from seconds and nanoseconds of any size. */
export function instantAt(seconds: bigint, nanoseconds: bigint, zone: Zone): Instant {
  const whole = floorDivide(nanoseconds, SECOND);
  return {
    seconds: BigInt.asIntN(64, seconds + whole),
    nanoseconds: Number(nanoseconds - whole * SECOND),
    zone,
  };
}

/** What the clock shows. */
export function clockFace({ seconds, zone }: Instant): ClockFace {
  const { offset, abbreviation } = zone.at(seconds);
  const local = wrapped(seconds + BigInt(offset));
  const days = floorDivide(local, SECONDS_A_DAY);
  const second = Number(local - days * SECONDS_A_DAY);
  return {
    ...dateOf(days),
    days,
    hour: Math.floor(second / 3600),
    minute: Math.floor(second / 60) % 60,
    second: second % 60,
    offset,
    abbreviation,
  };
}

// Go counts from 1 March of the year -292277022400, in 64 bits without a sign.
const GO_EPOCH = 62_135_596_800n + ((292_277_022_400n / 400n) * 146_097n + 306n) * SECONDS_A_DAY;

function wrapped(seconds: bigint): bigint {
  return BigInt.asUintN(64, seconds + GO_EPOCH) - GO_EPOCH;
}

/** The instant at which a fixed zone's clock shows a date and seconds of the day. */
export function instantOf(
  date: { year: bigint; month: bigint; day: bigint },
  secondOfDay: number,
  nanoseconds: number,
  zone: Zone,
): Instant {
  const local = daysTo(date.year, date.month, date.day) * SECONDS_A_DAY + BigInt(secondOfDay);
  return instantAt(local - BigInt(zone.at(local).offset), BigInt(nanoseconds), zone);
}

/** An instant later by so many nanoseconds. */
export function addNanoseconds(instant: Instant, nanoseconds: bigint): Instant {
  return instantAt(instant.seconds, BigInt(instant.nanoseconds) + nanoseconds, instant.zone);
}

/** Nanoseconds from b to a, of any size. */
export function nanosecondsBetween(a: Instant, b: Instant): bigint {
  return (a.seconds - b.seconds) * SECOND + BigInt(a.nanoseconds - b.nanoseconds);
}
