import { dayOfYear, MONTHS, WEEKDAYS, weekdayOf } from "./calendar.ts";
import { type ClockFace, clockFace, type Instant } from "./instant.ts";
import { isFraction, layoutPieces, offsetForm } from "./layout.ts";

/** Writes an instant by a Go layout, both byte strings (Go: Time.Format). */
export function formatTime(instant: Instant, layout: string): string {
  const face = clockFace(instant);
  return layoutPieces(layout)
    .map(({ text, element }) => text + elementText(element, face, instant))
    .join("");
}

/** As Go prints a time: `2006-01-02 15:04:05.999999999 -0700 MST`. */
export function timeText(instant: Instant): string {
  return formatTime(instant, "2006-01-02 15:04:05.999999999 -0700 MST");
}

const elements: Readonly<Record<string, (face: ClockFace) => string>> = {
  January: ({ month }) => MONTHS[month - 1] ?? "",
  Jan: ({ month }) => MONTHS[month - 1]?.slice(0, 3) ?? "",
  "1": ({ month }) => String(month),
  "01": ({ month }) => padded(month, 2),
  Monday: ({ days }) => WEEKDAYS[weekdayOf(days)] ?? "",
  Mon: ({ days }) => WEEKDAYS[weekdayOf(days)]?.slice(0, 3) ?? "",
  "2": ({ day }) => String(day),
  _2: ({ day }) => String(day).padStart(2, " "),
  "02": ({ day }) => padded(day, 2),
  __2: (face) => String(dayOfYear(face)).padStart(3, " "),
  "002": (face) => padded(dayOfYear(face), 3),
  "15": ({ hour }) => padded(hour, 2),
  "3": ({ hour }) => String(hour % 12 || 12),
  "03": ({ hour }) => padded(hour % 12 || 12, 2),
  "4": ({ minute }) => String(minute),
  "04": ({ minute }) => padded(minute, 2),
  "5": ({ second }) => String(second),
  "05": ({ second }) => padded(second, 2),
  "2006": ({ year }) => (year < 0n ? `-${padded(-year, 4)}` : padded(year, 4)),
  "06": ({ year }) => padded((year < 0n ? -year : year) % 100n, 2),
  PM: ({ hour }) => (hour >= 12 ? "PM" : "AM"),
  pm: ({ hour }) => (hour >= 12 ? "pm" : "am"),
  MST: ({ abbreviation, offset }) => (abbreviation === "" ? shortOffset(offset) : abbreviation),
};

function elementText(element: string, face: ClockFace, { nanoseconds }: Instant): string {
  if (element === "") return "";
  if (isFraction(element)) return fractionText(element, nanoseconds);
  return elements[element]?.(face) ?? offsetText(element, face.offset);
}

function fractionText(element: string, nanoseconds: number): string {
  const digits = padded(nanoseconds, 9).slice(0, element.length - 1);
  if (element.charAt(1) === "0") return element.charAt(0) + digits;
  const kept = digits.replace(/0+$/, "");
  return kept === "" ? "" : element.charAt(0) + kept;
}

function offsetText(element: string, offset: number): string {
  const form = offsetForm(element);
  if (form === null) return "";
  if (form.letter && offset === 0) return "Z";
  const size = Math.abs(offset);
  const colon = form.colons ? ":" : "";
  let text = sign(offset) + padded(Math.floor(size / 3600), 2);
  if (form.minutes) text += colon + padded(Math.floor(size / 60) % 60, 2);
  if (form.seconds) text += colon + padded(size % 60, 2);
  return text;
}

function shortOffset(offset: number): string {
  return offsetText("-0700", offset);
}

/** Go's sign is that of the whole minutes. */
function sign(offset: number): string {
  return offset <= -60 ? "-" : "+";
}

function padded(value: number | bigint, width: number): string {
  return String(value).padStart(width, "0");
}
