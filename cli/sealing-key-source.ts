import { findCertificate } from "./certificate-source.ts";
import type { Io } from "./io.ts";
import { namedKeys, type SealingBackend, sealingBackend } from "./key-services/sealing-backend.ts";
import { UserKeyServices } from "./key-services/user-key-services.ts";
import type { Notices } from "./notices.ts";
import type { KubesealOptions } from "./options.ts";
import { certificateKey, type SealingKey } from "./sealing-key.ts";

/** What a run seals with, and the key services it came from, where it came from one. */
export type FoundSealingKey = SealingKey & {
  backend: SealingBackend["backend"];
  /** For values that are to be opened in the same run. */
  keyServices: UserKeyServices;
  close(): Promise<void>;
};

/**
 * Finds what to seal with: the certificate of the cluster, or a key of a key service where the flags name one; then no
 * certificate is asked for.
 * @throws SealError when it cannot be had, UsageError when the flags contradict each other.
 */
export async function findSealingKey(
  options: KubesealOptions,
  io: Io,
  notices: Notices,
): Promise<FoundSealingKey> {
  const backend = sealingBackend(options, io);
  const keyServices = new UserKeyServices(options, io, notices, namedKeys(options, io));
  const shared = { keyServices, backend: backend.backend, close: () => keyServices.close() };
  if (backend.backend === "cluster") {
    return { ...shared, ...certificateKey(await findCertificate(options, io), options, io, notices) };
  }
  try {
    const clusterId = await keyServices.clusterToSealFor();
    const sealer = await keyServices.sealer(backend);
    return { ...shared, sealer, clusterId, words: wordsOf(backend), more: `, for cluster ${clusterId}` };
  } catch (error) {
    await keyServices.close();
    throw error;
  }
}

function wordsOf(backend: Exclude<SealingBackend, { backend: "cluster" }>): string {
  if (backend.backend === "kms") return `AWS KMS key ${backend.key}`;
  return `Vault key ${backend.name.mount}/${backend.name.key}`;
}
