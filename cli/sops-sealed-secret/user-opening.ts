import type { SopsUnwrapper } from "../../shared/document/sops/key-services.ts";
import { askedOnce } from "../asked-once.ts";
import { clusterIdentity } from "../cluster-identity.ts";
import type { Io } from "../io.ts";
import type { UserKeyServiceOptions, UserKeyServices } from "../key-services/user-key-services.ts";
import type { SopsOpeningOptions } from "../options.ts";
import type { UserSopsKeys } from "../sops/user-sops-keys.ts";

/** What opens SealedSecrets that are SOPS documents. */
export type SopsOpener = {
  /** @param namespace where the object stands. */
  unwrapperFor: (namespace: string) => SopsUnwrapper;
  /** Which cluster it stands in, or will; asked once, until that fails. @throws SealError naming --cluster-id when nobody tells. */
  clusterId: () => Promise<string>;
};

/**
 * Opens them as this user: with age identities from where sops has them, and AWS KMS and Vault under the user's rights.
 * Nothing is read or loaded before a document takes it.
 */
export function userSopsOpener(
  keyServices: UserKeyServices,
  options: UserKeyServiceOptions & SopsOpeningOptions,
  io: Io,
): SopsOpener {
  const keys = userSopsKeys(keyServices, options, io);
  return {
    unwrapperFor: (namespace) => ({
      unwrap: async (entry, signal) => (await keys()).unwrapper(namespace, "compared").unwrap(entry, signal),
    }),
    clusterId: askedOnce(() => clusterIdentity(options, io)),
  };
}

/** The user's keys, loaded with the first call. */
export function userSopsKeys(
  keyServices: UserKeyServices,
  options: UserKeyServiceOptions & SopsOpeningOptions,
  io: Io,
) {
  let loaded: Promise<UserSopsKeys> | null = null;
  return () => {
    loaded ??= import("../sops/user-sops-keys.ts").then(
      (module) => new module.UserSopsKeys(keyServices, options, io),
    );
    return loaded;
  };
}
