import { InputError } from "../../shared/errors.ts";
import { connect, controllerOf, requestTimeoutMs } from "../cluster.ts";
import { clusterIdentity } from "../cluster-identity.ts";
import type { Io } from "../io.ts";
import { readableKeys, say } from "../keys/connected-secrets.ts";
import { KeySecrets } from "../keys/key-secrets.ts";
import { newestFirst } from "../keys/keys-at-hand.ts";
import { privateKeys } from "../keys/private-keys.ts";
import { UserWrappingServices } from "../keys/wrapping-services.ts";
import type { Notices } from "../notices.ts";
import type { OpeningKeys } from "../opening-keys.ts";
import type { ClusterOptions, KeyServiceOptions } from "../options.ts";

/**
 * The sealing keys of a cluster, those too that were taken out, newest first: read from their Secrets, and wrapped ones by
 * their key service, under the rights of whoever runs this. One that cannot be had is told of.
 * @param given keys from files, which stand in for wrapped ones, and are kept behind.
 * @throws InputError when there is none; SealError when the Secrets may not, or cannot, be read.
 */
export async function keysOfCluster(
  options: ClusterOptions & KeyServiceOptions,
  given: OpeningKeys,
  io: Io,
  notices: Notices,
): Promise<OpeningKeys> {
  const { namespace } = controllerOf(options);
  const client = await connect(options, io);
  const services = new UserWrappingServices(options, io, notices);
  try {
    const secrets = new KeySecrets(client, namespace, requestTimeoutMs(options["request-timeout"]));
    const warn = (problem: string) => say(io, `warning: ${problem}`);
    const keys = (await secrets.all()).flatMap((secret) => readableKeys(secret, warn, { toWrite: false }));
    const clusterId = () => clusterIdentity(options, io);
    const { opening, without } = await privateKeys(keys, { services, clusterId, offline: given.keys });
    for (const { key, problem, next } of without)
      warn(`what sealing key ${key.name} opens stays closed: ${problem} (${next})`);
    if (opening.size === 0) {
      throw new InputError(
        `the cluster has no sealing key in namespace ${namespace} that can be used here`,
        "name the controller's namespace with --controller-namespace, or give --private-key PATH",
      );
    }
    const own = newestFirst(opening.values());
    const sources = [...opening].map(
      ([key, { fingerprint }]) => [fingerprint, `Secret ${namespace}/${key.name}`] as const,
    );
    const known = new Map(sources);
    return {
      keys: [...own, ...given.keys.filter(({ fingerprint }) => !known.has(fingerprint))],
      sources: new Map([...given.sources, ...known]),
      passedOver: given.passedOver,
    };
  } finally {
    await services.close();
    await client.close();
  }
}
