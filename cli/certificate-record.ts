import { fromUtf8 } from "../shared/bytes.ts";
import { codeOf } from "./file-failure.ts";
import type { Io } from "./io.ts";
import type { Notices } from "./notices.ts";

/** A controller of one cluster. */
export type ControllerIdentity = { server: string; namespace: string; name: string };

type Records = Record<string, { fingerprint: string; seen: string }>;

/**
 * Compares a certificate that came from a controller with the one this user saw last from there, says when they
 * differ, and remembers the new one. A change is remembered only once it has been shown to somebody: a script must not
 * use up the notice. Nothing of this can make sealing fail.
 */
export function compareWithLastSeen(
  controller: ControllerIdentity,
  fingerprint: string,
  io: Io,
  notices: Notices,
): void {
  const path = recordPath(io);
  if (path === null) return;
  const key = `${controller.server} ${controller.namespace}/${controller.name}`;
  const records = readRecords(path, io);
  const last = records[key];
  if (last?.fingerprint === fingerprint) return;
  if (last !== undefined) {
    notices.warn(
      `the certificate of ${controller.namespace}/${controller.name} at ${controller.server} has changed: it is ${fingerprint}, and was ${last.fingerprint} when last seen on ${last.seen.slice(0, 10)}; that is usual after a key renewal`,
    );
    if (!notices.shown) return;
  }
  try {
    io.files.makeFolder(path.slice(0, path.lastIndexOf("/")));
    const seen = io.now().toISOString();
    io.files.replace(path, `${JSON.stringify({ ...records, [key]: { fingerprint, seen } }, null, 2)}\n`);
  } catch (error) {
    notices.note(`note: the certificate's fingerprint could not be remembered in ${path} (${codeOf(error)})`);
  }
}

/** The record of this user, by the XDG base directory rules; null where there is no home folder. */
function recordPath({ env }: Io): string | null {
  const state = env["XDG_STATE_HOME"];
  // The rules say that a relative path there is to be ignored.
  if (state?.startsWith("/") === true) return `${state}/signet/certificates.json`;
  const home = env["HOME"] || env["LOCALAPPDATA"];
  return home ? `${home.replaceAll("\\", "/")}/.local/state/signet/certificates.json` : null;
}

/** The records as far as they can be read; a damaged file counts as empty. */
function readRecords(path: string, io: Io): Records {
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
    typeof entry.seen === "string"
  );
}
