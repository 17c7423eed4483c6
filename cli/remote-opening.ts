import { InputError } from "../shared/errors.ts";
import type { SealedSecret } from "../shared/sealed-secret.ts";
import { inDocument } from "./in-document.ts";
import type { UserKeyServices } from "./key-services/user-key-services.ts";
import { remoteScope, sortedValues } from "./values-by-backend.ts";

/**
 * Opens every value of key services in a SealedSecret under the rights of whoever runs this, and throws what they hold
 * away.
 * @param where names it in errors.
 * @returns why not, naming an item; null when all open.
 * @throws KeyServiceError when a key service could not, or may not, be asked.
 */
export async function whyNotOpened(
  sealedSecret: SealedSecret,
  where: string,
  keyServices: UserKeyServices,
): Promise<InputError | null> {
  const { remote } = sortedValues(sealedSecret);
  if (remote.size === 0) return null;
  const scope = remoteScope(sealedSecret, where);
  const binding = { clusterId: null, scope };
  const namespace = sealedSecret.metadata.namespace ?? "";
  for (const [backend, items] of remote) {
    const unsealer = keyServices.unsealerFor(backend, namespace);
    const opened = unsealer.unsealAll(items, binding, new AbortController().signal);
    const outcomes = await inDocument(where, opened);
    for (const outcome of outcomes.values()) if (outcome.kind === "opened") outcome.plaintext.fill(0);
    const unopened = [...outcomes].filter(([, { kind }]) => kind !== "opened");
    const [first] = unopened;
    if (first === undefined) continue;
    const [item, outcome] = unopened.find(([, { kind }]) => kind === "malformed") ?? first;
    if (outcome.kind === "malformed")
      return new InputError(`${where}: ${outcome.error.message}`, outcome.error.hint);
    return new InputError(`${where}: spec.encryptedData.${item} does not open`, "seal the value again");
  }
  return null;
}
