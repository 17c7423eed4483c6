import { daysIn, MONTHS, WEEKDAYS } from "./calendar.ts";
import { type Instant, instantAt, instantOf } from "./instant.ts";
import { isFraction, layoutPieces, offsetForm } from "./layout.ts";
import { TimeReader } from "./time-reader.ts";
import { fixedZone, UTC } from "./zone.ts";

/** What of a time has been read; null what has not. */
type Fields = {
  year: number;
  month: number | null;
  day: number | null;
  yearDay: number | null;
  hour: number;
  minute: number;
  second: number;
  nanoseconds: number;
  half: "AM" | "PM" | null;
  isUtc: boolean;
  offset: number | null;
  zoneName: string;
};

/** Reads one element; false where Go gives an error. `next`: what element follows in the layout. */
type ElementReader = (text: TimeReader, fields: Fields, next: string) => boolean;

/**
 * Reads a time by a Go layout, both byte strings (Go: time.ParseInLocation, in UTC).
 * @returns null where Go gives an error
 */
export function parseTime(layout: string, written: string): Instant | null {
  const text = new TimeReader(written);
  const fields: Fields = {
    year: 0,
    month: null,
    day: null,
    yearDay: null,
    hour: 0,
    minute: 0,
    second: 0,
    nanoseconds: 0,
    half: null,
    isUtc: false,
    offset: null,
    zoneName: "",
  };
  const pieces = layoutPieces(layout);
  for (const [at, { text: literal, element }] of pieces.entries()) {
    if (!text.skip(literal)) return null;
    if (element !== "" && !read(element, text, fields, pieces[at + 1]?.element ?? "")) return null;
  }
  return text.rest === "" ? assembled(fields) : null;
}

const shortNames = (names: readonly string[]): string[] => names.map((name) => name.slice(0, 3));

type NumberField = "year" | "month" | "day" | "yearDay" | "hour" | "minute";

/** A number within a range; `least` digits of at most `most`. */
const numeric =
  (field: NumberField, least: number, most: number, from: number, to: number): ElementReader =>
  (text, fields) => {
    const value = text.number(least, most);
    if (value === null || value < from || value > to) return false;
    fields[field] = value;
    return true;
  };
const spaced =
  (spaces: RegExp, reader: ElementReader): ElementReader =>
  (text, fields, next) => {
    text.take(spaces);
    return reader(text, fields, next);
  };
const monthName =
  (names: readonly string[]): ElementReader =>
  (text, fields) => {
    const index = text.name(names);
    fields.month = index === null ? null : index + 1;
    return index !== null;
  };
const half =
  (expression: RegExp): ElementReader =>
  (text, fields) => {
    const found = text.take(expression);
    fields.half = found === null ? null : found.toUpperCase() === "PM" ? "PM" : "AM";
    return found !== null;
  };
const second =
  (least: number): ElementReader =>
  (text, fields, next) => {
    const value = text.number(least, 2);
    if (value === null || value >= 60) return false;
    fields.second = value;
    // A fraction may stand behind the seconds even where the layout has none.
    const fraction = isFraction(next) ? undefined : /^[.,][0-9]+/.exec(text.rest)?.[0];
    if (fraction !== undefined) fields.nanoseconds = text.fraction(fraction.length) ?? 0;
    return true;
  };

const readers: Readonly<Record<string, ElementReader>> = {
  "2006": (text, fields) => {
    const year = text.number(4, 4);
    fields.year = year ?? 0;
    return year !== null;
  },
  "06": (text, fields) => {
    const year = text.signedNumber(2);
    if (year !== null) fields.year = year >= 69 ? year + 1900 : year + 2000;
    return year !== null;
  },
  January: monthName(MONTHS),
  Jan: monthName(shortNames(MONTHS)),
  "1": numeric("month", 1, 2, 1, 12),
  "01": numeric("month", 2, 2, 1, 12),
  // Judged as a name only: Go does not compare it with the date.
  Monday: (text) => text.name(WEEKDAYS) !== null,
  Mon: (text) => text.name(shortNames(WEEKDAYS)) !== null,
  "2": numeric("day", 1, 2, 0, 99),
  _2: spaced(/^ /, numeric("day", 1, 2, 0, 99)),
  "02": numeric("day", 2, 2, 0, 99),
  __2: spaced(/^ {1,2}/, numeric("yearDay", 1, 3, 0, 999)),
  "002": numeric("yearDay", 3, 3, 0, 999),
  "15": numeric("hour", 1, 2, 0, 23),
  "3": numeric("hour", 1, 2, 0, 12),
  "03": numeric("hour", 2, 2, 0, 12),
  "4": numeric("minute", 1, 2, 0, 59),
  "04": numeric("minute", 2, 2, 0, 59),
  "5": second(1),
  "05": second(2),
  PM: half(/^(?:PM|AM)/),
  pm: half(/^(?:pm|am)/),
  MST: (text, fields) => {
    if (text.take(/^UTC/) !== null) {
      fields.isUtc = true;
      return true;
    }
    const name = text.zoneAbbreviation();
    fields.zoneName = name ?? "";
    return name !== null;
  },
};

function read(element: string, text: TimeReader, fields: Fields, next: string): boolean {
  if (isFraction(element)) return readFraction(element, text, fields);
  return readers[element]?.(text, fields, next) ?? readOffset(element, text, fields);
}

function readFraction(element: string, text: TimeReader, fields: Fields): boolean {
  const exact = element.charAt(1) === "0";
  const width = exact ? element.length : (/^[.,][0-9]+/.exec(text.rest)?.[0].length ?? 0);
  if (width === 0) return true; // `.999` may be left out
  const nanoseconds = text.fraction(width);
  fields.nanoseconds = nanoseconds ?? 0;
  return nanoseconds !== null;
}

function readOffset(element: string, text: TimeReader, fields: Fields): boolean {
  const form = offsetForm(element);
  if (form === null) return false;
  if (form.letter && text.take(/^Z/) !== null) {
    fields.isUtc = true;
    return true;
  }
  const sign = text.take(/^[+-]/);
  const hours = text.number(2, 2);
  const part = (): number | null => (form.colons && text.take(/^:/) === null ? null : text.number(2, 2));
  const minutes = form.minutes ? part() : 0;
  const seconds = form.seconds ? part() : 0;
  if (sign === null || hours === null || minutes === null || seconds === null) return false;
  if (hours > 24 || minutes > 60 || seconds > 60) return false;
  const size = hours * 3600 + minutes * 60 + seconds;
  fields.offset = sign === "-" ? -size : size;
  return true;
}

function assembled(fields: Fields): Instant | null {
  const date = dateOfFields(fields);
  if (date === null || date.day < 1 || date.day > daysIn(fields.year, date.month)) return null;
  const hour =
    fields.half === "PM" && fields.hour < 12
      ? fields.hour + 12
      : fields.half === "AM" && fields.hour === 12
        ? 0
        : fields.hour;
  const civil = { year: BigInt(fields.year), month: BigInt(date.month), day: BigInt(date.day) };
  const second = hour * 3600 + fields.minute * 60 + fields.second;
  const instant = instantOf(civil, second, fields.nanoseconds, UTC);
  if (fields.isUtc) return instant;
  const { offset, zoneName } = fields;
  // Go marks "no offset read" by -1 second, which no layout can spell differently.
  if (offset !== null && offset !== -1) {
    const zone = offset === 0 && (zoneName === "" || zoneName === "UTC") ? UTC : fixedZone(zoneName, offset);
    return instantAt(instant.seconds - BigInt(offset), BigInt(instant.nanoseconds), zone);
  }
  if (zoneName === "") return instant;
  // An unknown abbreviation names the zone and moves nothing, but for the hours behind GMT.
  const hours = zoneName.length > 3 && zoneName.startsWith("GMT") ? Number(zoneName.slice(3)) : 0;
  const zone = fixedZone(zoneName, hours * 3600);
  return { ...instant, zone };
}

/** Month and day, by the day of the year where that was read; null where the two contradict each other. */
function dateOfFields({ year, month, day, yearDay }: Fields): { month: number; day: number } | null {
  if (yearDay === null) return { month: month ?? 1, day: day ?? 1 };
  const days = Array.from({ length: 12 }, (_, index) => daysIn(year, index + 1));
  let rest = yearDay;
  let found = 1;
  for (const length of days) {
    if (rest <= length) break;
    rest -= length;
    found++;
  }
  if (yearDay < 1 || found > 12) return null;
  if ((month ?? found) !== found || (day ?? rest) !== rest) return null;
  return { month: found, day: rest };
}
