import { PRIMARY_ANNOTATION } from "../../shared/sealing-key-secret.ts";
import type { SecretObject } from "../reconcile/secret-object.ts";

export { PRIMARY_ANNOTATION };

/** When a key was promoted, null when it was not; or why what stands there does not count. */
export type Promotion = { at: Date | null; problem: string | null };

const RFC_3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/**
 * Reads the promotion of a key Secret. One that is no time, or a time to come, does not count.
 * @param skewMs by how much clocks may differ.
 */
export function readPromotion({ metadata }: SecretObject, now: Date, skewMs: number): Promotion {
  const text: unknown = metadata.annotations?.[PRIMARY_ANNOTATION];
  if (text === undefined || text === null) return { at: null, problem: null };
  const at = typeof text === "string" ? momentOf(text) : null;
  if (at === null) return { at: null, problem: `${PRIMARY_ANNOTATION} holds no time in RFC 3339` };
  if (at.getTime() > now.getTime() + skewMs)
    return { at: null, problem: `${PRIMARY_ANNOTATION} holds a time to come, ${at.toISOString()}` };
  return { at, problem: null };
}

function momentOf(text: string): Date | null {
  const [, year, month, day, ...time] = RFC_3339.exec(text) ?? [];
  const [hour, minute, second] = time.map(Number);
  if (year === undefined || month === undefined || day === undefined) return null;
  if (
    hour === undefined ||
    hour > 23 ||
    minute === undefined ||
    minute > 59 ||
    second === undefined ||
    second > 59
  )
    return null;
  // The 30th of February would pass as a day of March.
  const lastDay = new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate();
  if (Number(month) < 1 || Number(month) > 12 || Number(day) < 1 || Number(day) > lastDay) return null;
  const at = new Date(text.toUpperCase());
  return Number.isNaN(at.getTime()) ? null : at;
}
