import { findCertificate } from "./certificate-source.ts";
import type { Io } from "./io.ts";
import {
  type BackendFlags,
  type ChosenBackend,
  namedKeys,
  type SealingBackend,
  sealingBackend,
} from "./key-services/sealing-backend.ts";
import { UserKeyServices } from "./key-services/user-key-services.ts";
import type { Notices } from "./notices.ts";
import { type KubesealOptions, kubesealOptions } from "./options.ts";
import type { PinTrust } from "./project/pin-record.ts";
import { nearestFile, PROJECT_FILE } from "./project/project-folders.ts";
import { certificateKey, type SealingKey } from "./sealing-key.ts";

/** What a run seals with, and the key services it came from, where it came from one. */
export type FoundSealingKey = {
  backend: ChosenBackend["backend"];
  /** What seals may be another for each file. */
  byFile: boolean;
  /** For values that are to be opened in the same run. */
  keyServices: UserKeyServices;
  /**
   * What seals for a file that will lie at this path; null for a stream. Recipients of SOPS may go by it.
   * @param path of the file that it comes from; they go by this where the result is a stream, as with sops.
   */
  forTarget(target: string | null, path?: string | null): Promise<SealingKey>;
  close(): Promise<void>;
};

/**
 * Finds what to seal with: the certificate of the cluster, or a key of a key service, or recipients of SOPS documents where
 * the flags name them; then no certificate is asked for.
 * @param flags those of the command line, where it takes more than sealing does.
 * @param project how far pins of a project file have to be trusted; null where files of the working folder are not to say what is
 *   sealed under.
 * @throws SealError when it cannot be had, UsageError when the flags contradict each other.
 */
export async function findSealingKey(
  options: KubesealOptions,
  io: Io,
  notices: Notices,
  flags: BackendFlags = kubesealOptions,
  project: PinTrust | null = "first-use",
): Promise<FoundSealingKey> {
  const backend = sealingBackend(options, io, flags);
  const keyServices = sealingKeyServices(options, io, notices, flags);
  try {
    const inProject =
      project === null ? null : await projectSealingFor(backend, keyServices, options, io, notices, project);
    const forTarget = inProject ?? (await sealingFor(backend, keyServices, options, io, notices));
    const byFile = inProject !== null || backend.backend === "sops";
    return { backend: backend.backend, byFile, keyServices, forTarget, close: () => keyServices.close() };
  } catch (error) {
    await keyServices.close();
    throw error;
  }
}

/**
 * Key services alone, for what is bound to no place: no cluster is asked for anything.
 * @param flags those of the command line, where it takes more than sealing does.
 * @throws UsageError when the flags contradict each other.
 */
export function sealingKeyServices(
  options: KubesealOptions,
  io: Io,
  notices: Notices,
  flags: BackendFlags,
): UserKeyServices {
  return new UserKeyServices(options, io, notices, namedKeys(options, io, flags));
}

/** Null where no project file has a say. */
async function projectSealingFor(
  { backend }: ChosenBackend,
  keyServices: UserKeyServices,
  options: KubesealOptions,
  io: Io,
  notices: Notices,
  trust: PinTrust,
): Promise<FoundSealingKey["forTarget"] | null> {
  if (backend !== "cluster" || nearestFile(PROJECT_FILE, io) === null) return null;
  const { projectSealing } = await import("./project/project-sealing.ts");
  return projectSealing(options, io, notices, keyServices, trust);
}

async function sealingFor(
  backend: ChosenBackend,
  keyServices: UserKeyServices,
  options: KubesealOptions,
  io: Io,
  notices: Notices,
): Promise<FoundSealingKey["forTarget"]> {
  if (backend.backend === "cluster") {
    const key = certificateKey(await findCertificate(options, io), options, io, notices);
    return async () => key;
  }
  const clusterId = await keyServices.clusterToSealFor();
  const more = `, for cluster ${clusterId}`;
  if (backend.backend === "sops") {
    const { userSopsSealing } = await import("./sops-sealed-secret/user-sealing.ts");
    const sealing = userSopsSealing(options, io, notices, keyServices);
    return async (target, path = null) => ({ ...(await sealing(target, path)), clusterId, more });
  }
  const sealer = await keyServices.sealer(backend);
  const key = { sealer, clusterId, words: wordsOf(backend), more };
  return async () => key;
}

function wordsOf(backend: Exclude<SealingBackend, { backend: "cluster" }>): string {
  if (backend.backend === "kms") return `AWS KMS key ${backend.key}`;
  return `Vault key ${backend.name.mount}/${backend.name.key}`;
}
