import { InputError } from "../../shared/errors.ts";
import { parseTransitKeyName, transitKeyText } from "../../shared/seal/key-text.ts";
import type { Io } from "../io.ts";
import { allowedKmsKeys, allowedVaultKeys } from "../key-services/allowed-keys.ts";
import type { SealingBackend } from "../key-services/sealing-backend.ts";
import type { UserKeyServices } from "../key-services/user-key-services.ts";
import type { KubesealOptions } from "../options.ts";
import type { SealingKey } from "../sealing-key.ts";
import type { PinnedCluster } from "./pinned-cluster.ts";
import type { ProjectRule } from "./project-file.ts";

/** A key of a key service that a rule names. */
export type NamedService = Exclude<SealingBackend, { backend: "cluster" }>;

/** The key of a key service that a rule has values sealed under; null for the cluster's own. */
export function namedService(rule: ProjectRule | null): NamedService | null {
  if (rule?.kmsKey !== undefined) return { backend: "kms", key: rule.kmsKey };
  const name = rule?.vaultKey === undefined ? null : parseTransitKeyName(rule.vaultKey);
  return name === null ? null : { backend: "vault", name };
}

/**
 * What seals under it, for a cluster of the project. A project file is anybody's text, so that the key has to be allowed as one that a
 * document names: by the record of this user, or by flags.
 * @throws InputError when it is not, or the cluster's id is not known.
 */
export async function remoteKeyFor(
  cluster: PinnedCluster,
  service: NamedService,
  options: KubesealOptions,
  io: Io,
  keyServices: UserKeyServices,
): Promise<SealingKey> {
  const isKms = service.backend === "kms";
  const key = isKms ? service.key : transitKeyText(service.name);
  const words = `${isKms ? "AWS KMS" : "Vault"} key ${key}`;
  const allowed = isKms ? allowedKmsKeys(options, io) : allowedVaultKeys(options, io);
  if (!allowed.permits(key, ""))
    throw new InputError(
      `the rules for ${cluster.where} have values sealed under ${words}, which you did not allow`,
      allowed.hintFor(key),
    );
  const clusterId = options["cluster-id"] ?? cluster.clusterId;
  if (clusterId === null)
    throw new InputError(
      `${cluster.where} has no clusterId, and values under ${words} are bound to one`,
      "write it there: the uid of the cluster's namespace kube-system, unless its controller has a --cluster-id of its own; or give --cluster-id",
    );
  const sealer = await keyServices.sealer(service);
  return {
    sealer,
    clusterId,
    words: `${words}, cluster ${cluster.name}`,
    more: `, for cluster ${clusterId}`,
    isRemote: true,
  };
}
