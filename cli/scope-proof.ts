import { annotatedScopeKind } from "../shared/scope.ts";
import { KeyServiceError } from "../shared/seal/key-service-error.ts";
import type { SealedSecret } from "../shared/sealed-secret.ts";
import type { Io } from "./io.ts";
import type { UserKeyServices } from "./key-services/user-key-services.ts";
import type { Notices } from "./notices.ts";
import type { KubesealOptions } from "./options.ts";
import { whyNotOpened } from "./remote-opening.ts";
import { forController } from "./values-by-backend.ts";

/**
 * Whether the values of a SealedSecret open under the scope that it says it has: classic ones by the controller's word,
 * those of key services under the user's own rights. A certificate from a file or an address means that no cluster is to
 * be asked.
 * @throws ControllerError, KeyServiceError when one of them could not, or may not, be asked.
 */
export async function opensUnder(
  sealedSecret: SealedSecret,
  where: string,
  keyServices: UserKeyServices,
  { options, io, notices }: { options: KubesealOptions; io: Io; notices: Notices },
): Promise<boolean> {
  const question = forController(sealedSecret);
  if (question !== null && options.cert !== null) return false;
  if (question !== null && !(await opensInCluster(question, { options, io, notices }))) return false;
  try {
    return (await whyNotOpened(sealedSecret, where, keyServices)) === null;
  } catch (error) {
    throw error instanceof KeyServiceError ? orByFlag(error, sealedSecret) : error;
  }
}

async function opensInCluster(
  question: SealedSecret,
  { options, io, notices }: { options: KubesealOptions; io: Io; notices: Notices },
): Promise<boolean> {
  const { openController } = await import("./controller-client.ts");
  const controller = await openController(options, io, notices);
  try {
    return (await controller.verify(question)) === "opens";
  } finally {
    await controller.close();
  }
}

/** Who may seal but not open can still say what scope is meant. */
function orByFlag(error: KeyServiceError, { metadata }: SealedSecret): KeyServiceError {
  const kind = annotatedScopeKind(metadata.annotations ?? undefined);
  const { fault, message, hint, retryAfterMs } = error;
  return new KeyServiceError(fault, message, `${hint}; or give --scope ${kind} if that is meant`, {
    cause: error,
    retryAfterMs,
  });
}
