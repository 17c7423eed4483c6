import { SopsError, SopsKeyError, type SopsProblem } from "../document/sops/sops-error.ts";
import { KeyServiceError } from "../seal/key-service-error.ts";
import { type SopsCause, type SopsRefusal, sopsRefusal } from "./sops-refusal.ts";

const CAUSES: Readonly<Partial<Record<SopsProblem, SopsCause>>> = {
  rule: "rule",
  "no-mac": "mac",
  "mac-mismatch": "mac",
  "not-encrypted": "mixed",
  "not-authentic": "value",
  "malformed-value": "value",
  "wrong-type": "type",
};

/**
 * What a document's refusal to open means for a SealedSecret.
 * @throws KeyServiceError where only key services stand in the way, or one of them may answer later; what is no refusal.
 */
export function openRefusal(error: unknown): SopsRefusal {
  if (error instanceof SopsKeyError) return keyRefusal(error);
  if (!(error instanceof SopsError)) throw error;
  const cause = CAUSES[error.problem] ?? "document";
  if (error.problem !== "mac-mismatch") return sopsRefusal(cause, error.message, error.hint);
  return sopsRefusal(
    cause,
    "its MAC does not fit its values: one was changed, moved or taken out, or its keys do not stand in byte order, in which the API server returns them",
    "if it was edited with sops, signet --re-encrypt --in-place FILE puts it right; else restore it from an earlier version",
  );
}

/** An identity that is missing comes with a Secret or a flag; a service that is away comes back by itself. */
function keyRefusal(error: SopsKeyError): SopsRefusal {
  const { message, hint, problems } = error;
  const ofServices = problems.filter((problem) => problem instanceof KeyServiceError);
  const decisive =
    ofServices.find(({ retryable }) => retryable) ??
    (ofServices.length === problems.length ? ofServices[0] : undefined);
  if (decisive === undefined) return sopsRefusal("no-key", message, hint);
  const { fault, retryAfterMs } = decisive;
  throw new KeyServiceError(fault, message, hint, { cause: error, retryAfterMs });
}
