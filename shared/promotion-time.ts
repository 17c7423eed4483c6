const RFC_3339 =
  /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/** A moment in RFC 3339; null where the text is none. */
export function promotionTime(text: string): Date | null {
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

/** A moment as people and the annotation have it: RFC 3339 in UTC, whole seconds. */
export function promotionText(at: Date): string {
  return at.toISOString().replace(/\.\d+Z$/, "Z");
}

/** What the annotation of a promotion holds. @param uid of the very Secret that it is written onto. */
export function promotionMark(at: Date, uid: string): string {
  return `${promotionText(at)} ${uid}`;
}

/**
 * The two parts of the annotation of a promotion: what is to be its time, and whether it was written onto this Secret, and
 * not created with it.
 * @param uid of the Secret that bears it.
 */
export function readPromotionMark(
  text: string,
  uid: string | undefined,
): { time: string; isProven: boolean } {
  const [time = "", named, ...others] = text.split(" ");
  return { time, isProven: named !== undefined && named === uid && others.length === 0 };
}
