import { SealError } from "../../shared/errors.ts";

/** The controller cannot be asked, or did not answer as it should. */
export class ControllerError extends SealError {
  override readonly code: string = "controller";
}
