import { InputError } from "../../shared/errors.ts";
import { transitKeyText } from "../../shared/seal/key-text.ts";
import type { Io } from "../io.ts";
import { allowedKmsKeys, allowedVaultKeys } from "../key-services/allowed-keys.ts";
import type { UserKeyServices } from "../key-services/user-key-services.ts";
import type { KubesealOptions } from "../options.ts";
import type { SealingKey } from "../sealing-key.ts";
import type { PinnedCluster } from "./pinned-cluster.ts";
import type { NamedService } from "./rule-backend.ts";

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
  const clusterId = boundClusterId(cluster, options, `values under ${words}`, "are bound");
  const sealer = await keyServices.sealer(service);
  return {
    sealer,
    clusterId,
    words: `${words}, cluster ${cluster.name}`,
    more: `, for cluster ${clusterId}`,
    byRule: "key-service",
  };
}

/**
 * The id of a cluster that something is bound to.
 * @param isBound the verb that goes with it: `is bound`.
 * @throws InputError when neither the project nor `--cluster-id` tells it.
 */
export function boundClusterId(
  cluster: PinnedCluster,
  options: KubesealOptions,
  what: string,
  isBound: string,
): string {
  const clusterId = options["cluster-id"] ?? cluster.clusterId;
  if (clusterId !== null) return clusterId;
  throw new InputError(
    `${cluster.where} has no clusterId, and ${what} ${isBound} to one`,
    "write it there: the uid of the cluster's namespace kube-system, unless its controller has a --cluster-id of its own; or give --cluster-id",
  );
}
