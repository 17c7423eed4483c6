import { type OpeningContext, openValues } from "../../shared/open-sealed-secret.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";

/** Answer of an endpoint: a status, and a body where there is one. */
export type Answer = { status: number; body?: string };

/**
 * `/v1/verify`: 200 when every value opens here, 409 when one does not, 500 for what is not a SealedSecret. Neither
 * templates nor what lies inside the old whole-object form are looked at, and no answer says which value or why: anyone in the cluster may ask.
 */
export async function verify(
  sealedSecret: SealedSecret | null,
  opening: OpeningContext,
  signal: AbortSignal,
): Promise<Answer> {
  if (sealedSecret === null) return { status: 500 };
  const result = await openValues(sealedSecret, opening, signal);
  return { status: result.ok ? 200 : 409 };
}
