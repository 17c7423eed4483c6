import type { Io } from "../io.ts";
import type { UserKeyServices } from "../key-services/user-key-services.ts";
import type { Notices } from "../notices.ts";
import type { KubesealOptions } from "../options.ts";
import type { SealingKey } from "../sealing-key.ts";
import type { RuleRecipients } from "../sops/recipients.ts";
import type { PinnedCluster } from "./pinned-cluster.ts";
import { findProject, type ProjectFile } from "./project-file.ts";
import { boundClusterId } from "./project-key-service.ts";
import { ruleFor } from "./project-rules.ts";
import { listedRecipients, type NamedSops, namedBackend } from "./rule-backend.ts";
import { type KnownRules, knownRules } from "./rules-record.ts";

/** What seals a file as a SOPS document, for a cluster of the project: see `FoundSealingKey`. */
export type SopsForTarget = (
  cluster: PinnedCluster,
  named: NamedSops,
  target: string | null,
  path: string | null,
) => Promise<SealingKey>;

/**
 * What seals SOPS documents where rules of a project say so: for the recipients that a rule lists, else for those that
 * `--backend sops` would take. The user's own variables count before either.
 */
export function projectSops(
  project: ProjectFile,
  options: KubesealOptions,
  io: Io,
  notices: Notices,
  keyServices: UserKeyServices,
): SopsForTarget {
  let loaded: ReturnType<typeof load> | null = null;
  const load = async () => {
    const { userSopsSealing } = await import("../sops-sealed-secret/user-sealing.ts");
    return userSopsSealing(options, io, notices, keyServices);
  };
  return async (cluster, named, target, path) => {
    const clusterId = boundClusterId(cluster, options, "a SOPS document", "is bound");
    const where = ruleOf(project);
    const recipients = listedRecipients(named, where);
    loaded ??= load();
    const sealing = await loaded;
    const key = await sealing(target, path, recipients.length === 0 ? null : { recipients, where });
    return {
      ...key,
      clusterId,
      words: `${key.words}, cluster ${cluster.name}`,
      more: `, for cluster ${clusterId}`,
      byRule: "sops",
    };
  };
}

/**
 * The recipients that a rule of the project lists for a file.
 * @returns null where no rule lists any.
 * @throws InputError when they are not those that this user knows.
 */
export type ListedByRule = (file: string) => RuleRecipients | null;

/** What tells the recipients of the files of one run. @throws InputError, FileError for a project file that cannot be used. */
export function recipientsByRule(io: Io, notices: Notices): ListedByRule {
  const project = findProject(io);
  if (project === null) return () => null;
  const where = ruleOf(project);
  let known: KnownRules | null = null;
  return (file) => {
    const named = namedBackend(ruleFor(project, file, io));
    if (named?.backend !== "sops") return null;
    const recipients = listedRecipients(named, where);
    if (recipients.length === 0) return null;
    // What is written anew is no first use of the pins.
    known ??= knownRules(project, io, notices, false);
    known.requireRecipients(file, named);
    return { recipients, where };
  };
}

function ruleOf({ path }: ProjectFile): string {
  return `the rule of ${path}`;
}
