import { promotionTime } from "../../shared/promotion-time.ts";
import { PRIMARY_ANNOTATION } from "../../shared/sealing-key-secret.ts";
import type { SecretObject } from "../reconcile/secret-object.ts";

export { PRIMARY_ANNOTATION };

/** When a key was promoted, null when it was not; or why what stands there does not count. */
export type Promotion = { at: Date | null; problem: string | null };

/**
 * Reads the promotion of a key Secret. One that is no time, or a time to come, does not count.
 * @param skewMs by how much clocks may differ.
 */
export function readPromotion({ metadata }: SecretObject, now: Date, skewMs: number): Promotion {
  const text: unknown = metadata.annotations?.[PRIMARY_ANNOTATION];
  if (text === undefined || text === null) return { at: null, problem: null };
  const at = typeof text === "string" ? promotionTime(text) : null;
  if (at === null) return { at: null, problem: `${PRIMARY_ANNOTATION} holds no time in RFC 3339` };
  if (at.getTime() > now.getTime() + skewMs)
    return { at: null, problem: `${PRIMARY_ANNOTATION} holds a time to come, ${at.toISOString()}` };
  return { at, problem: null };
}
