import { InputError } from "../shared/errors.ts";
import { KeyServiceError } from "../shared/seal/key-service-error.ts";
import { RemoteValueError } from "../shared/seal/remote-value-error.ts";

/**
 * Waits for work on one document; what fails at a key service, or at one of its values, is told with the document's name.
 * @param where names the document.
 */
export async function inDocument<Result>(where: string, work: Promise<Result>): Promise<Result> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof KeyServiceError) {
      const { fault, message, hint, retryAfterMs } = error;
      throw new KeyServiceError(fault, `${where}: ${message}`, hint, { cause: error, retryAfterMs });
    }
    if (error instanceof RemoteValueError) {
      throw new InputError(`${where}: ${error.message}`, error.hint, { cause: error });
    }
    throw error;
  }
}
