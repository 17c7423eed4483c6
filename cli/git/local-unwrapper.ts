import type { SopsUnwrapper } from "../../shared/document/sops/key-services.ts";
import { sopsUnwrapper } from "../../shared/document/sops/keys/unwrapper.ts";
import type { Io } from "../io.ts";
import { IDENTITY_HINT, userIdentities } from "../sops/identities.ts";

/** Opens with the age identities on this machine alone: nothing that Git calls may open a connection. */
export async function localUnwrapper(io: Io): Promise<SopsUnwrapper> {
  const age = { identities: await userIdentities(io), hint: IDENTITY_HINT };
  return sopsUnwrapper({ age, kms: null, vault: null });
}
