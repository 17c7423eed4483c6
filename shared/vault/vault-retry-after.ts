const LONGEST_MS = 10 * 60_000;

/**
 * The wait that a header `Retry-After` asks for, as seconds or as a date (RFC 9110 section 10.2.3).
 * @param nowMs since 1970.
 * @returns null for none and for one that is over; ten minutes at most.
 */
export function retryAfterMs(header: string | string[] | undefined, nowMs: number): number | null {
  const text = Array.isArray(header) ? header[0] : header;
  if (text === undefined) return null;
  const ms = /^\d{1,9}$/.test(text.trim()) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, LONGEST_MS) : null;
}
