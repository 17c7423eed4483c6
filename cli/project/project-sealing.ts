import { InputError, UsageError } from "../../shared/errors.ts";
import type { ScopeKind } from "../../shared/scope.ts";
import { findCertificate } from "../certificate-source.ts";
import type { Pin } from "../controller/judge-certificate.ts";
import type { FoundCertificate } from "../found-certificate.ts";
import type { Io } from "../io.ts";
import type { UserKeyServices } from "../key-services/user-key-services.ts";
import type { Notices } from "../notices.ts";
import type { ClusterOptions, KubesealOptions } from "../options.ts";
import { certificateKey, type SealingKey } from "../sealing-key.ts";
import { type PinTrust, pinsTaken, requireAcceptedPin } from "./pin-record.ts";
import { type PinnedCluster, pinnedCluster } from "./pinned-cluster.ts";
import { findProject, type ProjectFile, type ProjectRule } from "./project-file.ts";
import { remoteKeyFor } from "./project-key-service.ts";
import { ruleAsWritten, ruleFor } from "./project-rules.ts";
import { projectSops } from "./project-sops.ts";
import { type NamedService, namedBackend } from "./rule-backend.ts";
import { type KnownRules, knownRules } from "./rules-record.ts";

/** What seals for a file: see `FoundSealingKey`. */
export type ForTarget = (target: string | null, path?: string | null) => Promise<SealingKey>;

/**
 * What seals in a project: under the certificate that its file pins for the cluster of each file; under that of a controller which the
 * command line names, where it is the pinned one or the key of that one vouches for it; or, with `--cert`, under that alone.
 * @param trust that a pin has to have.
 * @throws UsageError for flags that contradict each other, or clusters that are not there; InputError, FileError for a file that
 *   cannot be used.
 */
export async function projectSealing(
  options: KubesealOptions,
  io: Io,
  notices: Notices,
  keyServices: UserKeyServices,
  trust: PinTrust,
): Promise<ForTarget | null> {
  const project = findProject(io);
  const asked = options["for-cluster"];
  if (project === null) return null;
  if (project.clusters.size === 0 && asked.length === 0) {
    if (options.cert === null && pinsTaken(project, io) !== "not")
      notices.alert(
        `${project.path} pins no cluster any more, and you took pins of it before: what is sealed is held to none. Look at who changed it; to accept that: signet pin accept`,
      );
    return null;
  }
  if (options.cert !== null) return byCertificate(project, options, io, notices);
  const keys = new Map<string, Promise<SealingKey>>();
  const clusters = new Map<string, PinnedCluster>();
  const acceptedCluster = (name: string) => {
    const known = clusters.get(name);
    if (known !== undefined) return known;
    const cluster = pinnedCluster(project, name, io);
    requireAcceptedPin(cluster, project, io, notices, trust);
    clusters.set(name, cluster);
    return cluster;
  };
  const keyOf = (name: string, service: NamedService | null) => {
    const id = JSON.stringify([name, service]);
    const known = keys.get(id);
    if (known !== undefined) return known;
    const cluster = acceptedCluster(name);
    const key =
      service === null
        ? keyFor(cluster, options, io, notices)
        : remoteKeyFor(cluster, service, options, io, keyServices);
    keys.set(id, key);
    return key;
  };
  const sops = projectSops(project, options, io, notices, keyServices);
  const alertOfLink = linkAlert(project, io, notices);
  let known: KnownRules | null = null;
  return async (target, path = null) => {
    const file = path ?? target;
    const rule = ruleFor(project, file, io);
    const name = clusterFor(project, rule, asked, file);
    // Who says so seals under the cluster's own key, whatever the rules name.
    const backend = options.backend === "cluster" ? null : namedBackend(rule);
    let key: SealingKey;
    if (backend?.backend === "sops") {
      const cluster = acceptedCluster(name);
      known ??= knownRules(project, io, notices);
      known.requireRecipients(file, backend);
      key = await sops(cluster, backend, target, path);
    } else key = await keyOf(name, backend);
    known ??= knownRules(project, io, notices);
    known.alertOfRules(file, rule, name, asked.length > 0);
    if (file !== null) alertOfLink(file, name);
    const warnOfOtherCluster = otherClusterWarning(project, name, notices);
    return { ...key, judgeScope: judgeScopeBy(rule, project), warnOfOtherCluster };
  };
}

/** Whether anything says which controller is meant. */
export function namesController(options: ClusterOptions): boolean {
  const named = [
    options["controller-name"],
    options["controller-namespace"],
    options.kubeconfig,
    options.context,
    options.cluster,
    options.server,
  ];
  return named.some((one) => one !== null);
}

/** The clusters that a file is for by its rule. */
export function clustersFor({ clusters }: ProjectFile, rule: ProjectRule | null): readonly string[] {
  return rule?.clusters ?? [...clusters.keys()];
}

/** What a controller's certificate has to be, or to follow from, where a project pins it. */
export function pinOf({ certificate, name, where }: PinnedCluster): Pin {
  return { certificate, by: where, update: `signet pin update ${name}` };
}

async function byCertificate(
  project: ProjectFile,
  options: KubesealOptions,
  io: Io,
  notices: Notices,
): Promise<ForTarget> {
  if (options["for-cluster"].length > 0)
    throw new UsageError("--cert and --for-cluster exclude each other", "give one of them");
  notices.note(`note: --cert counts, and the clusters of ${project.path} do not`);
  const key = certificateKey(await findCertificate(options, io), options, io, notices);
  return async (target, path = null) => {
    const judgeScope = judgeScopeBy(ruleFor(project, path ?? target, io), project);
    return { ...key, judgeScope };
  };
}

/** @throws UsageError, InputError where it is not one cluster. */
function clusterFor(
  project: ProjectFile,
  rule: ProjectRule | null,
  [asked, ...more]: readonly string[],
  file: string | null,
): string {
  if (more.length > 0)
    throw new UsageError(
      "several clusters need one output each",
      "give --output-dir or -w with {cluster} in it, as in --output-dir 'sealed/{cluster}'",
    );
  const fitting = clustersFor(project, rule);
  const [only, ...others] = fitting;
  const what = file ?? "this input";
  if (asked !== undefined) {
    if (fitting.includes(asked) || !project.clusters.has(asked)) return asked;
    throw new InputError(
      `${what} is for ${fitting.join(" and ")} by the rules of ${project.path}, and not for ${asked}`,
      "leave --for-cluster out, or correct the rules",
    );
  }
  if (only !== undefined && others.length === 0) return only;
  throw new UsageError(
    `${project.path} has several clusters, and which one ${what} is for is not said: ${fitting.join(", ")}`,
    "give --for-cluster NAME, or all of them one output each: --output-dir 'sealed/{cluster}'",
  );
}

async function keyFor(
  cluster: PinnedCluster,
  options: KubesealOptions,
  io: Io,
  notices: Notices,
): Promise<SealingKey> {
  const found = namesController(options)
    ? await fromController(cluster, options, io, notices)
    : { bytes: new TextEncoder().encode(cluster.text), source: cluster.path, controller: null };
  const clusterId = options["cluster-id"] ?? cluster.clusterId;
  const key = certificateKey(found, { ...options, "cluster-id": clusterId }, io, notices);
  return { ...key, words: `${key.words}, cluster ${cluster.name}` };
}

async function fromController(
  cluster: PinnedCluster,
  options: KubesealOptions,
  io: Io,
  notices: Notices,
): Promise<FoundCertificate> {
  const { openController } = await import("../controller-client.ts");
  const controller = await openController(options, io, notices, pinOf(cluster));
  try {
    return await controller.certificate();
  } finally {
    await controller.close();
  }
}

/**
 * A link is committed as easily as a rule, and has what is meant for one cluster sealed for another as well.
 * @returns tells of each file once, whatever it holds.
 */
function linkAlert(project: ProjectFile, io: Io, notices: Notices): (file: string, name: string) => void {
  const judged = new Set<string>();
  return (file, name) => {
    if (judged.has(file)) return;
    judged.add(file);
    const written = ruleAsWritten(project, file, io);
    if (written === undefined) return;
    const meant = clustersFor(project, written);
    if (meant.includes(name)) return;
    notices.alert(
      `${file} leads by a link to ${io.files.destination(file)}, and is sealed for ${name} as that is; by its own path it were for ${meant.join(" or ")} by the rules of ${project.path}`,
    );
  };
}

/** Rules are anybody's text, and one that changed would have what is meant for one cluster sealed for another, with no other sign. */
function otherClusterWarning(
  { path, clusters }: ProjectFile,
  name: string,
  notices: Notices,
): NonNullable<SealingKey["warnOfOtherCluster"]> {
  const own = clusters.get(name)?.fingerprint;
  return (fingerprints, where) => {
    const held = new Set(fingerprints);
    const others = [...clusters].filter(
      ([, { fingerprint }]) => fingerprint !== own && held.has(fingerprint),
    );
    if (others.length === 0) return;
    const said = others.map(([other]) => other).join(" and ");
    notices.alert(
      `${where} has values for ${said}, and what is added is sealed for ${name}: see the rules of ${path}`,
    );
  };
}

/** A scope wider than strict is not had from a file of the project alone: whoever can edit it could widen what others seal. */
function judgeScopeBy(
  rule: ProjectRule | null,
  { path }: ProjectFile,
): NonNullable<SealingKey["judgeScope"]> {
  return (kind: ScopeKind, isSaid: boolean, where: string) => {
    const wanted = rule?.scope;
    if (isSaid || wanted === undefined || wanted === "strict" || kind === wanted) return;
    throw new InputError(
      `${where}: by the rules of ${path} this is sealed ${wanted}, and nothing else says so`,
      `give --scope ${wanted} if that is meant, or --scope strict`,
    );
  };
}
