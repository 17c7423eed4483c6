import { SealError } from "../../shared/errors.ts";
import { KeyServiceError } from "../../shared/seal/key-service-error.ts";
import type { Reason } from "../reconcile/conditions.ts";
import { type Failure, unsealFailed } from "../reconcile/failure.ts";
import { keyServiceFailure } from "../reconcile/key-service-failure.ts";

/** A Vault reference cannot be read before somebody changes something. Names item, mount, path and field, which stand in the object; never a value. */
export class VaultReferenceError extends SealError {
  override readonly code = "vault-reference";
  readonly reason: Reason;

  constructor(reason: Reason, message: string, hint: string, options?: ErrorOptions) {
    super(message, hint, options);
    this.reason = reason;
  }
}

/** Such an error, or that of Vault itself, as the object's conditions tell it; null for any other. */
export function referenceFailure(error: unknown): Failure | null {
  if (error instanceof KeyServiceError) return keyServiceFailure(error);
  if (!(error instanceof VaultReferenceError)) return null;
  return unsealFailed(error.reason, `${error.message}; ${error.hint}`);
}
