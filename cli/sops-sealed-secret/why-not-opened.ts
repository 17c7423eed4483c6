import { InputError } from "../../shared/errors.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { openSopsValues } from "../../shared/sops-sealed-secret/open-sops.ts";
import { inDocument } from "../in-document.ts";
import { remoteScope } from "../values-by-backend.ts";
import type { SopsOpener } from "./user-opening.ts";

/**
 * Opens a SealedSecret that is a SOPS document as a cluster would, and throws what it holds away.
 * @param where names it in errors.
 * @returns why not; null when it opens where it says it stands.
 * @throws KeyServiceError when a key service could not, or may not, be asked.
 */
export async function whySopsNotOpened(
  sealedSecret: SealedSecret,
  where: string,
  opener: SopsOpener,
): Promise<InputError | null> {
  const scope = remoteScope(sealedSecret, where);
  const unwrapper = opener.unwrapperFor(sealedSecret.metadata.namespace ?? "");
  const { signal } = new AbortController();
  const opening = openSopsValues(sealedSecret, { clusterId: opener.clusterId, scope, unwrapper }, signal);
  const opened = await inDocument(where, opening);
  if (!opened.ok) return new InputError(`${where}: ${opened.problem}`, opened.hint);
  for (const value of opened.values.values()) value.fill(0);
  return null;
}
