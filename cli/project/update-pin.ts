import { editDocument } from "../../shared/document/edit-document.ts";
import { InputError } from "../../shared/errors.ts";
import { type Certificate, CertificateError } from "../../shared/seal/certificate.node.ts";
import { MOST_LINKS, readLinks, type Vouchers } from "../../shared/seal/certificate-chain.node.ts";
import { certificateFile, readCertificateFile } from "../certificate-file.ts";
import { vouchedBy } from "../controller/vouched-by.ts";
import type { Io } from "../io.ts";
import type { Notices } from "../notices.ts";
import type { ClusterOptions } from "../options.ts";
import { writeResult } from "../output-folder.ts";
import { readFoundCertificate, requireAccepted } from "../sealing-certificate.ts";
import { acceptedCertificate, acceptPins, pinToReplace, requireAcceptedPin } from "./pin-record.ts";
import { certificatePath, OtherPinError, type PinnedCluster, pinnedCluster } from "./pinned-cluster.ts";
import { type ProjectFile, readProject } from "./project-file.ts";
import { pinOf } from "./project-sealing.ts";

/** Where the new certificate comes from: a file, or a controller. */
export type PinSource = ClusterOptions & { cert: string | null };

/**
 * Pins the certificate that a cluster has now: the one of its controller, or of a file. The key of the pinned one has to vouch for it,
 * or the user to accept it by its fingerprint: then the pinned one need not be one that counts here. The certificate's file gets it, with what vouches for it behind it, and the
 * project file its fingerprint; nothing else in that changes.
 * @returns lines that tell what is pinned now.
 * @throws CertificateError when nobody vouches for it; what reading and writing the files throws.
 */
export async function updatePin(
  project: ProjectFile,
  name: string,
  options: PinSource,
  io: Io,
  notices: Notices,
): Promise<string[]> {
  const { pinned, isWhole } = pinnedBefore(project, name, options["accept-certificate"] !== null, io);
  requireAcceptedPin(pinned, project, io, notices);
  const found = await newCertificate(pinned, options, io, notices);
  const { fingerprint, digest, pem } = found.certificate;
  if (isWhole && digest === pinned.certificate.digest) return [`${name} ${fingerprint}`];
  const text = editDocument(
    project.text,
    [{ path: ["clusters", name, "fingerprint"], value: fingerprint }],
    project.path,
  );
  const behind = found.isVouched ? linksOf(pinned.text, found.vouchers?.chainPem ?? "") : [];
  const kept = behind.filter((one) => one !== pem).join("");
  writeResult(pinned.path, `${pem}${kept}`, io.files, { makesFolder: false });
  writeResult(project.path, text, io.files, { makesFolder: false });
  return acceptPins(readProject(project.path, io), [name], io);
}

/**
 * What is pinned, and whether it stands so in both files. It does not where an earlier run was ended between them: then the accepted
 * certificate is the one that the project file still names.
 * @param isNamed whether the user names the new certificate: then the accepted one also counts where both files were changed.
 */
function pinnedBefore(
  project: ProjectFile,
  name: string,
  isNamed: boolean,
  io: Io,
): { pinned: PinnedCluster; isWhole: boolean } {
  try {
    const found = pinnedCluster(project, name, io);
    const pinned = isNamed ? pinToReplace(found, project, io) : found;
    return { pinned, isWhole: pinned === found };
  } catch (error) {
    const entry = project.clusters.get(name);
    // What holds no certificate is none of what a run left behind: the path is anybody's text, and the file would be overwritten.
    if (!(error instanceof OtherPinError) || entry === undefined) throw error;
    const certificate = acceptedCertificate(project, name, io);
    if (certificate === null || (certificate.fingerprint !== entry.fingerprint && !isNamed)) throw error;
    const { clusterId = null } = entry;
    const where = `${name} in ${project.path}`;
    const path = certificatePath(project, entry);
    return { pinned: { name, certificate, clusterId, path, text: certificate.pem, where }, isWhole: false };
  }
}

type NewCertificate = { certificate: Certificate; vouchers: Vouchers | null; isVouched: boolean };

async function newCertificate(
  pinned: PinnedCluster,
  options: PinSource,
  io: Io,
  notices: Notices,
): Promise<NewCertificate> {
  if (options.cert === null) return fromController(pinned, options, io, notices);
  const path = certificateFile(options.cert);
  if (path === null)
    throw new InputError(
      "a pin is not taken from a web address",
      "fetch it into a file, and give that with --cert",
    );
  const found = readCertificateFile(path, io);
  const certificate = readFoundCertificate(found);
  const accepted = options["accept-certificate"];
  requireAccepted(certificate, accepted, path);
  const vouchers = { chainPem: new TextDecoder().decode(found.bytes), compromised: [] };
  const vouched = vouchedBy(pinned.certificate.pem, certificate, vouchers, io.now());
  const isSame = certificate.digest === pinned.certificate.digest;
  if (!vouched.ok && accepted === null && !isSame)
    throw new CertificateError(
      `the certificate in ${path} is ${certificate.fingerprint}, and ${pinned.where} pins ${pinned.certificate.fingerprint}: ${vouched.problem ?? "nothing vouches for it"}`,
      `ask who runs the controller for its fingerprint; if it is the new one, give --accept-certificate ${certificate.fingerprint}`,
    );
  if (vouched.ok) for (const step of vouched.steps) notices.note(step);
  return { certificate, vouchers, isVouched: vouched.ok };
}

async function fromController(
  pinned: PinnedCluster,
  options: PinSource,
  io: Io,
  notices: Notices,
): Promise<NewCertificate> {
  const { openController } = await import("../controller-client.ts");
  const controller = await openController(options, io, notices, { ...pinOf(pinned), isRenewed: true });
  try {
    const certificate = readFoundCertificate(await controller.certificate());
    const vouchers = await controller.vouchers();
    const { ok } = vouchedBy(pinned.certificate.pem, certificate, vouchers, io.now());
    return { certificate, vouchers, isVouched: ok };
  } finally {
    await controller.close();
  }
}

/**
 * What vouches for a certificate, so that whoever accepted an older one can follow without asking anybody; and the former ones, so that
 * lint knows their keys.
 */
function linksOf(...texts: readonly string[]): string[] {
  const links = new Set(texts.flatMap((text) => readLinks(text).map(({ pem }) => pem)));
  return [...links].slice(-MOST_LINKS);
}
