import { goTime } from "./go-time.ts";

const FORM = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)$/;

/** A time in whole seconds in its own offset, as SOPS authenticates `lastmodified`; null for what is no time of RFC 3339. */
export function inWholeSeconds(text: string): string | null {
  const time = FORM.test(text) ? goTime(text) : null;
  return time === null ? null : time.replace(/\.\d+/, "");
}

/** A time as SOPS writes it: UTC, whole seconds. */
export function sopsTime(time: Date): string {
  return `${time.toISOString().slice(0, 19)}Z`;
}
