import { runeCount } from "./byte-string.ts";

/** What stands between `%` and the verb. `plusV` and `sharpV` are `+` and `#` where the verb is `v`. */
export type FormatFlags = {
  width: number | null;
  precision: number | null;
  minus: boolean;
  plus: boolean;
  sharp: boolean;
  space: boolean;
  zero: boolean;
  plusV: boolean;
  sharpV: boolean;
};

/** No flags at all, as for `%v`. */
export function noFlags(): FormatFlags {
  return {
    width: null,
    precision: null,
    minus: false,
    plus: false,
    sharp: false,
    space: false,
    zero: false,
    plusV: false,
    sharpV: false,
  };
}

/** Pads a byte string to the width, which counts characters. */
export function pad(text: string, flags: FormatFlags): string {
  const missing = (flags.width ?? 0) - (flags.width === null ? 0 : runeCount(text));
  if (missing <= 0) return text;
  return flags.minus ? text + " ".repeat(missing) : padding(missing, flags) + text;
}

/** Pads, but never with zeros. */
export function padWithSpaces(text: string, flags: FormatFlags): string {
  return pad(text, { ...flags, zero: false });
}

/** What stands to the left of a text that is too short: zeros on request. */
export function padding(count: number, flags: FormatFlags): string {
  return (flags.zero && !flags.minus ? "0" : " ").repeat(Math.max(count, 0));
}
