import { SealError } from "../../../errors.ts";

/** No age identity at hand opens an entry. Another one may, so that it is worth another try when identities change. */
export class MissingIdentityError extends SealError {
  override readonly code = "missing-identity";
}
