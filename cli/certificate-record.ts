import { fromUtf8 } from "../shared/bytes.ts";
import { SealError } from "../shared/errors.ts";
import { type Certificate, CertificateError } from "../shared/seal/certificate.node.ts";
import type { Vouched } from "./controller/vouched-by.ts";
import { codeOf } from "./file-failure.ts";
import { withLock } from "./file-lock.ts";
import type { Io } from "./io.ts";
import type { Notices } from "./notices.ts";
import { userFile } from "./user-record.ts";

/** A controller of one cluster. */
export type ControllerIdentity = { server: string; namespace: string; name: string };

/** A certificate as it is remembered: by its fingerprint, and as a whole, since its key may vouch for another one. */
export type SeenCertificate = Pick<Certificate, "fingerprint" | "pem">;

/** Tells whether the key of a certificate that was seen vouches for the one that came. */
export type Vouch = (pem: string) => Promise<Vouched>;

type Records = Record<string, { fingerprint: string; seen: string; certificate?: string }>;

/**
 * Compares a certificate that came from a controller with the one this user saw last from there, says when they
 * differ, and remembers the new one. A change is remembered only once it has been shown to somebody: a script must not
 * use up the notice. Nothing of this can make sealing fail.
 */
export function compareWithLastSeen(
  controller: ControllerIdentity,
  certificate: SeenCertificate,
  io: Io,
  notices: Notices,
): void {
  const { fingerprint } = certificate;
  const last = readRecords(io)[keyOf(controller)];
  if (last?.fingerprint === fingerprint && last.certificate !== undefined) return;
  if (last !== undefined && last.fingerprint !== fingerprint) {
    notices.warn(
      `the certificate of ${controller.namespace}/${controller.name} at ${controller.server} has changed: it is ${fingerprint}, and was ${last.fingerprint} when last seen on ${dayOf(last)}; that is usual after a key renewal`,
    );
    if (!notices.shown) return;
  }
  remember(controller, certificate, io, notices);
}

/**
 * The same for a certificate that came by a fallback way, where a change is refused. Without a record of this very
 * controller, that of any other in the same namespace of the cluster counts: the fallback ways do not tell them apart.
 * The first certificate seen there is remembered, and so is one that the
 * key of the last one vouches for; each step of that is told.
 * @param source where it comes from, for people.
 * @throws CertificateError when it differs.
 */
export async function refuseChange(
  controller: ControllerIdentity,
  source: string,
  certificate: SeenCertificate,
  io: Io,
  notices: Notices,
  vouch: Vouch,
): Promise<void> {
  const { fingerprint } = certificate;
  const records = readRecords(io);
  const own = records[keyOf(controller)];
  const neighbours = Object.entries(records)
    .filter(([key]) => key.startsWith(keyOf({ ...controller, name: "" })))
    .map(([, record]) => record);
  const known = own === undefined ? neighbours : [own];
  const [last] = known;
  if (last !== undefined && !known.some((record) => record.fingerprint === fingerprint)) {
    const vouched = await vouchedFor(known, vouch);
    if (vouched.ok) {
      for (const step of vouched.steps) notices.note(step);
      remember(controller, certificate, io, notices);
      return;
    }
    throw new CertificateError(
      `the certificate from ${source} is ${fingerprint}, and was ${last.fingerprint} when last seen on ${dayOf(last)}: nothing is sealed with it, since it did not come from the named Service through the API server's proxy${vouched.problem === null ? "" : `, and ${vouched.problem}`}`,
      `ask who runs the controller for its fingerprint; if it is the new one, give --accept-certificate ${fingerprint} once`,
    );
  }
  if (own?.certificate === undefined) remember(controller, certificate, io, notices);
}

/** Whether any of the certificates that were seen does. */
async function vouchedFor(known: readonly Records[string][], vouch: Vouch): Promise<Vouched> {
  let last: Vouched = { ok: false, problem: null };
  for (const { certificate } of known) {
    if (certificate === undefined) continue;
    last = await vouch(certificate);
    if (last.ok) return last;
  }
  return last;
}

/** Remembers a certificate that the user accepts. */
export function acceptCertificate(
  controller: ControllerIdentity,
  certificate: SeenCertificate,
  io: Io,
  notices: Notices,
): void {
  const known = readRecords(io)[keyOf(controller)];
  if (known?.fingerprint !== certificate.fingerprint || known.certificate === undefined)
    remember(controller, certificate, io, notices);
}

function keyOf({ server, namespace, name }: ControllerIdentity): string {
  return `${server} ${namespace}/${name}`;
}

function dayOf({ seen }: Records[string]): string {
  return seen.slice(0, 10);
}

function remember(
  controller: ControllerIdentity,
  { fingerprint, pem: certificate }: SeenCertificate,
  io: Io,
  notices: Notices,
): void {
  const path = recordPath(io);
  if (path === null) return;
  try {
    io.files.makeFolder(path.slice(0, path.lastIndexOf("/")));
    const record = { fingerprint, seen: io.now().toISOString(), certificate };
    withLock(path, io.files, () => {
      const records = { ...readRecords(io), [keyOf(controller)]: record };
      io.files.replace(path, `${JSON.stringify(records, null, 2)}\n`);
    });
  } catch (error) {
    const why = error instanceof SealError ? error.message : codeOf(error);
    notices.note(`note: the certificate's fingerprint could not be remembered in ${path} (${why})`);
  }
}

function recordPath(io: Io): string | null {
  return userFile("state", "certificates.json", io);
}

/** The records as far as they can be read; a damaged file counts as empty. */
function readRecords(io: Io): Records {
  const path = recordPath(io);
  if (path === null) return {};
  try {
    const parsed: unknown = JSON.parse(fromUtf8(io.files.read(path)) ?? "");
    if (typeof parsed !== "object" || parsed === null) return {};
    return Object.fromEntries(Object.entries(parsed).filter(([, entry]) => isRecord(entry)));
  } catch {
    return {};
  }
}

function isRecord(entry: unknown): entry is Records[string] {
  return (
    typeof entry === "object" &&
    entry !== null &&
    "fingerprint" in entry &&
    typeof entry.fingerprint === "string" &&
    "seen" in entry &&
    typeof entry.seen === "string" &&
    (!("certificate" in entry) || typeof entry.certificate === "string")
  );
}
