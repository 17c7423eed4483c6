import { isDeepStrictEqual } from "node:util";
import { InputError, SealError } from "../../shared/errors.ts";
import { type Certificate, readCertificate } from "../../shared/seal/certificate.node.ts";
import { type AcceptedFiles, acceptedRecord, isMapOf, ownOf } from "../accepted-files.ts";
import { type Vouched, vouchedBy } from "../controller/vouched-by.ts";
import type { Io } from "../io.ts";
import type { Notices } from "../notices.ts";
import { isMap } from "../user-record.ts";
import { type PinnedCluster, pinnedCluster } from "./pinned-cluster.ts";
import type { ProjectFile } from "./project-file.ts";
import { foldersToLook, inFolder, PROJECT_FILE } from "./project-folders.ts";

/**
 * What this user accepted of each project file: by cluster its certificate, whole, since its key may vouch for the next one, and the
 * cluster's id. A file of a repository is written by many, and whoever changes a pin has what is sealed from then on.
 */
type AcceptedPins = Record<string, AcceptedPin>;
type AcceptedPin = {
  certificate: string;
  fingerprint: string;
  clusterId: string | null;
  /** Recorded as it was found, and accepted by nobody. */
  firstUse?: boolean;
};

/** How far a pin has to be trusted: a first use will do, or the user has to have accepted it. */
export type PinTrust = "first-use" | "accepted";

/**
 * Compares a pin with what this user accepted of its file. With the first use of a file all its pins are accepted as they are, and
 * shown; not so where another file counted here before. Where the key of the pin that was accepted vouches for the one that
 * stands there now, by what lies beside it in its file, that one is accepted, and each step told.
 * @param trust `accepted` where more than what the user has in hand would be sealed: `pin accept` or `pin update` has to have
 *   recorded the pin, or the one that it follows from.
 * @throws InputError for a pin that differs, is new, or whose file takes another's place, until `signet pin accept` accepts it;
 *   FileError, InputError for a record that cannot be used: what it says must not be passed over.
 */
export function requireAcceptedPin(
  cluster: PinnedCluster,
  project: ProjectFile,
  io: Io,
  notices: Notices,
  trust: PinTrust = "first-use",
): void {
  const files = RECORD.open(io);
  const known = files?.of(project.path);
  const accepted = known === undefined ? undefined : ownOf(known, cluster.name);
  if (trust === "accepted" && (known === undefined || accepted?.firstUse === true))
    throw new InputError(
      `the pin of ${cluster.where} was not accepted here yet, and all that opens would be sealed for whom it names`,
      `look at it, and accept it with: signet pin accept ${cluster.name}; or give --cert FILE`,
    );
  if (files === null) return;
  if (known === undefined) {
    requireFirst(files, project, io);
    const pins = firstPinsOf(project, io);
    const shown = Object.entries(pins).map(([name, { fingerprint }]) => `${name} ${fingerprint}`);
    notices.alert(
      `the pins of ${project.path} are taken as they are, with its first use: ${shown.join("; ")}`,
    );
    files.accept(project.path, (now) => now ?? pins);
    return;
  }
  const vouched = judge(cluster, accepted, io.now());
  if (!vouched.ok) {
    throw new InputError(
      `${cluster.where} ${vouched.problem ?? "is not what you accepted"}: nothing is sealed with it`,
      whatToDo(cluster, accepted, project),
    );
  }
  if (vouched.steps.length === 0) return;
  for (const step of vouched.steps) notices.note(step);
  const firstUse = accepted?.firstUse === true ? { firstUse: true } : {};
  const pin = { ...pinOf(cluster), ...firstUse };
  // What was accepted meanwhile was judged by nobody here, and stays.
  files.accept(project.path, (now = {}) =>
    isDeepStrictEqual(ownOf(now, cluster.name), accepted) ? { ...now, [cluster.name]: pin } : now,
  );
}

/**
 * Accepts pins of a project as they are.
 * @param names of its clusters; all of them where there are none. What else was accepted of the file is kept, as far as it is there.
 * @returns lines that tell what was accepted.
 * @throws FileError when it cannot be recorded; what `pinnedCluster` throws.
 */
export function acceptPins(project: ProjectFile, names: readonly string[], io: Io): string[] {
  const chosen = names.length > 0 ? names : [...project.clusters.keys()];
  const clusters = chosen.map((name) => pinnedCluster(project, name, io));
  const accepted = clusters.map((cluster) => [cluster.name, pinOf(cluster)] as const);
  RECORD.require(io).accept(project.path, (known = {}) => {
    const kept = Object.entries(known).filter(([name]) => project.clusters.has(name));
    return Object.fromEntries([...kept, ...accepted]);
  });
  return clusters.map(({ name, certificate }) => `${name} ${certificate.fingerprint}`);
}

/** Whether this user accepted a pin as it is. Tells nothing of a record that cannot be read. */
export function isAccepted(cluster: PinnedCluster, project: ProjectFile, io: Io): boolean {
  const accepted = acceptedPin(project, cluster.name, io);
  return (
    accepted !== undefined &&
    accepted.firstUse !== true &&
    isSameCertificate(accepted, cluster.certificate) &&
    accepted.clusterId === cluster.clusterId
  );
}

/** How this user took the pins of a project file: not at all, as they were found, or having looked at one of them. */
export function pinsTaken({ path }: ProjectFile, io: Io): "not" | PinTrust {
  const pins = Object.values(RECORD.open(io)?.of(path) ?? {});
  if (pins.length === 0) return "not";
  return pins.every(({ firstUse }) => firstUse === true) ? "first-use" : "accepted";
}

/**
 * The pin to go on from where the user names the next certificate himself: the one that stands in the files, where it counts here; else
 * the certificate that he accepted, since the key of one that was put in its place is to vouch for nothing.
 */
export function pinToReplace(cluster: PinnedCluster, project: ProjectFile, io: Io): PinnedCluster {
  const accepted = acceptedPin(project, cluster.name, io);
  if (accepted === undefined || judge(cluster, accepted, io.now()).ok) return cluster;
  return { ...cluster, certificate: readCertificate(accepted.certificate), text: accepted.certificate };
}

/** The certificate that this user accepted for a cluster; null for none. */
export function acceptedCertificate(project: ProjectFile, name: string, io: Io): Certificate | null {
  const accepted = acceptedPin(project, name, io);
  return accepted === undefined ? null : readCertificate(accepted.certificate);
}

function acceptedPin({ path }: ProjectFile, name: string, io: Io): AcceptedPin | undefined {
  return ownOf(RECORD.open(io)?.of(path) ?? {}, name);
}

/** A fingerprint says nothing of a cluster's id, nor of a cluster that is new. */
function whatToDo(
  { name, clusterId }: PinnedCluster,
  accepted: AcceptedPin | undefined,
  { path }: ProjectFile,
): string {
  const byFingerprint =
    accepted?.clusterId === clusterId
      ? `, or pin the right one by the fingerprint that whoever runs the controller tells you: signet pin update --accept-certificate SHA256:… ${name}`
      : "";
  return `look at ${path}, and who changed it; take the change back from Git${byFingerprint}; to accept it as it stands: signet pin accept ${name}`;
}

function judge(cluster: PinnedCluster, accepted: AcceptedPin | undefined, now: Date): Vouched {
  const { certificate, clusterId, text } = cluster;
  const no = (problem: string): Vouched => ({ ok: false, problem });
  const { fingerprint } = certificate;
  if (accepted === undefined) return no(`pins ${fingerprint}, and is new since you accepted the file`);
  if (accepted.clusterId !== clusterId) return no("names another cluster id than the one you accepted");
  if (isSameCertificate(accepted, certificate)) return { ok: true, steps: [] };
  const vouched = vouchedBy(accepted.certificate, certificate, { chainPem: text, compromised: [] }, now);
  if (vouched.ok) return vouched;
  if (accepted.fingerprint === fingerprint)
    return no(`pins another certificate for ${fingerprint} than the one you accepted`);
  const why = vouched.problem === null ? "" : `, and ${vouched.problem}`;
  return no(`pins ${fingerprint}, and you accepted ${accepted.fingerprint}${why}`);
}

/** Not by its key alone: anybody can issue a certificate for a public key, valid for as long as he likes. */
function isSameCertificate({ certificate: pem }: AcceptedPin, { digest }: Certificate): boolean {
  try {
    return readCertificate(pem).digest === digest;
  } catch (error) {
    if (error instanceof SealError) return false;
    throw error;
  }
}

/** @throws InputError where another file counted before it came. */
function requireFirst(files: AcceptedFiles<AcceptedPins>, { path }: ProjectFile, io: Io): void {
  const places = foldersToLook(io).map((folder) => inFolder(folder, PROJECT_FILE));
  const other = places.find((place) => place !== path && files.of(place) !== undefined);
  if (other === undefined) return;
  throw new InputError(
    `${path} is new, and would count in place of ${other}, whose pins you accepted`,
    "look at it, and who added it; to accept it: signet pin accept",
  );
}

/** Of all clusters whose certificates can be read: another one's defect is told once it is to be used. */
function firstPinsOf(project: ProjectFile, io: Io): AcceptedPins {
  const pins = [...project.clusters.keys()].flatMap((name): [string, AcceptedPin][] => {
    try {
      return [[name, { ...pinOf(pinnedCluster(project, name, io)), firstUse: true }]];
    } catch (error) {
      if (error instanceof SealError) return [];
      throw error;
    }
  });
  return Object.fromEntries(pins);
}

function pinOf({ certificate, clusterId }: PinnedCluster): AcceptedPin {
  return { certificate: certificate.pem, fingerprint: certificate.fingerprint, clusterId };
}

const RECORD = acceptedRecord("pins", (entry): entry is AcceptedPins => isMapOf(entry, isAcceptedPin));

function isAcceptedPin(pin: unknown): pin is AcceptedPin {
  if (!isMap(pin)) return false;
  const { certificate, fingerprint, clusterId, firstUse } = pin;
  return (
    typeof certificate === "string" &&
    typeof fingerprint === "string" &&
    (clusterId === null || typeof clusterId === "string") &&
    (firstUse === undefined || typeof firstUse === "boolean")
  );
}
