import { abbreviationsOf } from "./zone-names.ts";

/** How a zone stood at a time: seconds east of UTC, and what it was called. */
export type ZoneState = { readonly offset: number; readonly abbreviation: string };

/** A place's time. `name` as Go prints the location. */
export type Zone = { readonly name: string; at(unixSeconds: bigint): ZoneState };

const utcState: ZoneState = { offset: 0, abbreviation: "UTC" };
export const UTC: Zone = { name: "UTC", at: () => utcState };

/** A zone that always stands the same. */
export function fixedZone(name: string, offset: number): Zone {
  const state = { offset, abbreviation: name };
  return { name, at: () => state };
}

/**
 * The zone of a name in the IANA database; "" and "Local" are UTC, since templates run there.
 * @returns null for what is none
 */
export function namedZone(name: string): Zone | null {
  if (name === "" || name === "UTC" || name === "Local") return UTC;
  const abbreviations = abbreviationsOf(name);
  const clock = abbreviations === null ? null : clockOf(name);
  if (abbreviations === null || clock === null) return null;
  return {
    name,
    at: (unixSeconds) => {
      const offset = offsetAt(clock, unixSeconds);
      return { offset, abbreviation: abbreviations.get(offset / 60) ?? numericName(offset) };
    },
  };
}

const FIELDS = { year: "numeric", month: "numeric", day: "numeric", era: "short" } as const;
const CLOCK = { hour: "numeric", minute: "numeric", second: "numeric", hourCycle: "h23" } as const;

function clockOf(timeZone: string): Intl.DateTimeFormat | null {
  try {
    return new Intl.DateTimeFormat("en-US", { ...FIELDS, ...CLOCK, timeZone, timeZoneName: "longOffset" });
  } catch {
    return null; // newer or older than this runtime's own copy of the database
  }
}

// What a Date can hold; beyond it the zone stands as at the end.
const LAST_DATE = 8_640_000_000_000n;

function offsetAt(clock: Intl.DateTimeFormat, unixSeconds: bigint): number {
  const bounded = unixSeconds > LAST_DATE ? LAST_DATE : unixSeconds < -LAST_DATE ? -LAST_DATE : unixSeconds;
  const parts = clock.formatToParts(new Date(Number(bounded) * 1000));
  const text = parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
  const { sign, hours, minutes, seconds } =
    /^GMT(?:(?<sign>[+-])(?<hours>\d+):(?<minutes>\d+)(?::(?<seconds>\d+))?)?$/.exec(text)?.groups ?? {};
  const offset = Number(hours ?? 0) * 3600 + Number(minutes ?? 0) * 60 + Number(seconds ?? 0);
  return sign === "-" ? -offset : offset;
}

/** As the IANA database calls a zone that has no letters: `+03`, `-0930`. */
function numericName(offset: number): string {
  const minutes = Math.floor(Math.abs(offset) / 60);
  const two = (number: number): string => String(number).padStart(2, "0");
  const rest = minutes % 60 === 0 ? "" : two(minutes % 60);
  return (offset < 0 ? "-" : "+") + two(Math.floor(minutes / 60)) + rest;
}
