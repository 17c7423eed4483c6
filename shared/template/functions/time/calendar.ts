/** A day by the Gregorian calendar, carried back before its time as Go does. */
export type CivilDate = { readonly year: bigint; readonly month: number; readonly day: number };

export const SECONDS_A_DAY = 86_400n;
export const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
] as const;
export const WEEKDAYS = [
  "Sunday",
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
] as const;

// Days from 1 March of year 0 to 1 January 1970, and in 400, 100 and 4 years.
const EPOCH = 719_468n;
const DAYS_400 = 146_097n;

/** a ÷ b, down. */
export function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

/** The date that lies so many days after 1 January 1970. */
export function dateOf(days: bigint): CivilDate {
  // Years begin in March here, so that the leap day is a year's last.
  const shifted = days + EPOCH;
  const era = floorDivide(shifted, DAYS_400);
  const dayOfEra = Number(shifted - era * DAYS_400);
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return {
    year: BigInt(yearOfEra) + era * 400n + (month <= 2 ? 1n : 0n),
    month,
    day: dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1,
  };
}

/** Days from 1 January 1970 to a date; month and day may lie outside their ranges and carry over. */
export function daysTo(year: bigint, month: bigint, day: bigint): bigint {
  const months = month - 1n;
  const wholeYear = year + floorDivide(months, 12n);
  const monthIndex = Number(months - floorDivide(months, 12n) * 12n);
  const marchYear = monthIndex < 2 ? wholeYear - 1n : wholeYear;
  const monthFromMarch = (monthIndex + 10) % 12;
  const era = floorDivide(marchYear, 400n);
  const yearOfEra = Number(marchYear - era * 400n);
  const dayOfYear = Math.floor((153 * monthFromMarch + 2) / 5);
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * DAYS_400 + BigInt(dayOfEra) - EPOCH + day - 1n;
}

/** 1 for 1 January. */
export function dayOfYear({ year, month, day }: CivilDate): number {
  return Number(daysTo(year, BigInt(month), BigInt(day)) - daysTo(year, 1n, 1n)) + 1;
}

/** 0 for Sunday. */
export function weekdayOf(days: bigint): number {
  const weekday = Number((days + 4n) % 7n);
  return weekday < 0 ? weekday + 7 : weekday;
}

/** How many days a month has. */
export function daysIn(year: number, month: number): number {
  return Number(daysTo(BigInt(year), BigInt(month) + 1n, 1n) - daysTo(BigInt(year), BigInt(month), 1n));
}
