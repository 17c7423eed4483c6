const [MINUTE, HOUR, DAY, YEAR] = [60, 3600, 86_400, 365 * 86_400];

/**
 * How long ago something was, as kubectl's AGE has it: `45s`, `9m30s`, `12m`, `3h20m`, `18h`, `5d4h`, `90d`, `2y3d`, `9y`.
 * @param ageMs in milliseconds; what is to come is `0s`.
 * @returns `-` where it is no number.
 */
export function ageInWords(ageMs: number): string {
  if (!Number.isFinite(ageMs)) return "-";
  const seconds = Math.max(0, Math.floor(ageMs / 1000));
  if (seconds < 2 * MINUTE) return `${seconds}s`;
  if (seconds < 10 * MINUTE) return together(seconds, [MINUTE, "m"], [1, "s"]);
  if (seconds < 3 * HOUR) return `${Math.floor(seconds / MINUTE)}m`;
  if (seconds < 8 * HOUR) return together(seconds, [HOUR, "h"], [MINUTE, "m"]);
  if (seconds < 2 * DAY) return `${Math.floor(seconds / HOUR)}h`;
  if (seconds < 8 * DAY) return together(seconds, [DAY, "d"], [HOUR, "h"]);
  if (seconds < 2 * YEAR) return `${Math.floor(seconds / DAY)}d`;
  if (seconds < 8 * YEAR) return together(seconds, [YEAR, "y"], [DAY, "d"]);
  return `${Math.floor(seconds / YEAR)}y`;
}

type Unit = readonly [seconds: number, letter: string];

function together(seconds: number, [large, one]: Unit, [small, other]: Unit): string {
  const rest = Math.floor((seconds % large) / small);
  return `${Math.floor(seconds / large)}${one}${rest === 0 ? "" : `${rest}${other}`}`;
}
