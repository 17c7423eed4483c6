import { promotionTime, readPromotionMark } from "../../shared/promotion-time.ts";
import { PRIMARY_ANNOTATION } from "../../shared/sealing-key-secret.ts";
import type { SecretObject } from "../reconcile/secret-object.ts";

export { PRIMARY_ANNOTATION };

/** When a key was promoted, null when it was not; or why what stands there does not count. */
export type Promotion = { at: Date | null; problem: string | null };

/**
 * Reads the promotion of a key Secret. One that is no time, or a time to come, does not count, and neither does one that
 * does not name this very Secret: whoever may create Secrets, and no more, would promote a key of his own.
 * @param skewMs by how much clocks may differ.
 */
export function readPromotion({ metadata }: SecretObject, now: Date, skewMs: number): Promotion {
  const text: unknown = metadata.annotations?.[PRIMARY_ANNOTATION];
  if (text === undefined || text === null) return { at: null, problem: null };
  const { time, isProven } = readPromotionMark(typeof text === "string" ? text : "", metadata.uid);
  const at = promotionTime(time);
  if (at === null) return { at: null, problem: `${PRIMARY_ANNOTATION} holds no time in RFC 3339` };
  if (!isProven)
    return {
      at: null,
      problem: `${PRIMARY_ANNOTATION} does not name the uid of its Secret, so it may have come with it: if this key is to seal, promote it`,
    };
  if (at.getTime() > now.getTime() + skewMs)
    return { at: null, problem: `${PRIMARY_ANNOTATION} holds a time to come, ${at.toISOString()}` };
  return { at, problem: null };
}
