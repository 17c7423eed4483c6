import { type Sealing, type SealRequest, sealSecret } from "../shared/seal-secret.ts";
import type { Io } from "./io.ts";
import type { Notices } from "./notices.ts";
import type { KubesealOptions } from "./options.ts";
import { outputFormat, writeProduct } from "./output-file.ts";
import { writtenProducts } from "./product.ts";
import {
  judgeScope,
  namespaceFor,
  readSecretFile,
  readSecrets,
  readStandardInput,
  scopeOption,
  showSealing,
} from "./sealing.ts";
import type { SealingKey } from "./sealing-key.ts";

/** What sealing a stream takes besides the stream. */
export type SealingMeans = {
  key: () => SealingKey | Promise<SealingKey>;
  /** The namespace for Secrets that name none; `unknown` where it cannot be told here. */
  clientNamespace: () => Promise<SealRequest["namespace"] | "unknown">;
  notices: Notices;
  /** Waits for work on one document, and names it where a key service fails. */
  inDocument: <Result>(where: string, work: Promise<Result>) => Promise<Result>;
};

/**
 * Seals every Secret of a stream, or none.
 * @returns false when a namespace is needed that the means do not know; nothing was written then.
 * @throws SealError when it cannot be done.
 */
export async function sealStream(options: KubesealOptions, io: Io, means: SealingMeans): Promise<boolean> {
  const { notices } = means;
  const scope = scopeOption(options);
  const format = outputFormat(options);
  // A file that cannot be read is told before any cluster is asked; standard input is read once all else is well.
  const file = readSecretFile(options, io);
  const key = await means.key();
  const secrets = readSecrets(file ?? readStandardInput(io), options["secret-file"] ?? "standard input");
  const namespace = await namespaceFor(secrets, scope, options, means.clientNamespace);
  if (namespace === "unknown") return false;
  const request: SealRequest = {
    sealer: key.sealer,
    clusterId: key.clusterId,
    scope,
    name: options.name,
    namespace,
    allowEmptyData: options["allow-empty-data"],
  };
  const sealings: Sealing[] = [];
  for (const { secret, where } of secrets) {
    judgeScope(key, secret, scope, where);
    sealings.push(await means.inDocument(where, sealSecret(secret, where, request)));
  }
  const products = sealings.map(({ sealedSecret: object }) => ({ object, write: key.write?.(object) }));
  writeProduct(writtenProducts(products, format), options, io);
  for (const [index, { secret }] of secrets.entries()) {
    const sealing = sealings[index];
    if (sealing !== undefined) showSealing(sealing, secret, key, notices);
  }
  return true;
}
