const TIME =
  /^(?<year>[0-9]{4})-(?<month>[0-9]{1,2})-(?<day>[0-9]{1,2})(?:(?<separator>[Tt ])(?<hour>[0-9]{1,2}):(?<minute>[0-9]{1,2}):(?<second>[0-9]{1,2})(?:[.,](?<fraction>[0-9]+))?(?<zone>Z|[-+][0-9]{2}:[0-9]{2})?)?$/;

/**
 * A timestamp as go-yaml v3 knows it: a date, or date and time with `T` and a zone or with a space and none.
 * @returns it in RFC 3339 in its own offset, fractional seconds only where they are not zero; null for what is no time.
 */
export function goTime(source: string): string | null {
  const groups = TIME.exec(source)?.groups;
  if (groups === undefined) return null;
  const { year = "", month = "", day = "", separator, hour = "0", minute = "0", second = "0" } = groups;
  const { fraction = "", zone } = groups;
  if (separator !== undefined && (separator === " ") !== (zone === undefined)) return null;
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null;
  if (Number(month) < 1 || Number(month) > 12) return null;
  if (Number(day) < 1 || Number(day) > daysOf(Number(year), Number(month))) return null;
  if (zone !== undefined && zone !== "Z" && (Number(zone.slice(1, 3)) > 24 || Number(zone.slice(4)) > 59))
    return null;
  const date = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  const clock = [hour, minute, second].map((part) => part.padStart(2, "0")).join(":");
  const parts = fraction.slice(0, 9).replace(/0+$/, "");
  const offset = zone === undefined || /^[-+]00:00$/.test(zone) ? "Z" : zone;
  return `${date}T${clock}${parts === "" ? "" : `.${parts}`}${offset}`;
}

function daysOf(year: number, month: number): number {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  if (month === 2) return isLeap ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}
