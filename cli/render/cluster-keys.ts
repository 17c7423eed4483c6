import { utf8 } from "../../shared/bytes.ts";
import { InputError } from "../../shared/errors.ts";
import { connect, controllerOf, requestTimeoutMs } from "../cluster.ts";
import type { Io } from "../io.ts";
import { KeySecrets } from "../keys/key-secrets.ts";
import { readKeyMaterial } from "../opening/key-material.ts";
import type { OpeningKeys } from "../opening-keys.ts";
import type { ClusterOptions } from "../options.ts";

/**
 * The sealing keys that the controller in the cluster has in use and that lie open in their Secrets.
 * @throws InputError when there is none; SealError of the client when they may not, or cannot, be read.
 */
export async function clusterKeys(options: ClusterOptions, io: Io): Promise<OpeningKeys> {
  const { namespace } = controllerOf(options);
  const client = await connect(options, io);
  try {
    const secrets = new KeySecrets(client, namespace, requestTimeoutMs(options["request-timeout"]));
    const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: await secrets.inUse() });
    const { found, without } = await readKeyMaterial(utf8(list), "the cluster");
    if (found.length === 0) {
      throw new InputError(
        `the cluster has no sealing key in namespace ${namespace} that can be used here`,
        without[0]?.hint ?? "name the controller's namespace with --controller-namespace, or give --key PATH",
      );
    }
    return {
      keys: found.map(({ opening }) => opening),
      sources: new Map(found.map(({ opening, source }) => [opening.fingerprint, source])),
      passedOver: without.map(({ fault }) => fault),
    };
  } finally {
    await client.close();
  }
}

/** The keys of both, each once; those of the first come first. */
export function allKeys(first: OpeningKeys, second: OpeningKeys): OpeningKeys {
  const others = second.keys.filter(({ fingerprint }) => !first.sources.has(fingerprint));
  return {
    keys: [...first.keys, ...others],
    sources: new Map([...second.sources, ...first.sources]),
    passedOver: [...first.passedOver, ...second.passedOver],
  };
}
