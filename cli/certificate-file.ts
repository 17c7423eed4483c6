import { UsageError } from "../shared/errors.ts";
import { fileFailure } from "./file-failure.ts";
import type { FoundCertificate } from "./found-certificate.ts";
import type { Io } from "./io.ts";

/**
 * The file that `--cert` names, by path or file URL; null for an http or https URL.
 * @throws UsageError for URLs of other kinds, or of another machine's files.
 */
export function certificateFile(cert: string): string | null {
  // A single letter is a Windows drive.
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(cert)?.[1]?.toLowerCase();
  if (scheme === "http" || scheme === "https") return null;
  if (scheme === "file") return pathOfUrl(cert);
  if (scheme !== undefined && cert.startsWith("//", scheme.length + 1)) {
    throw new UsageError(
      `--cert: URLs of type ${scheme} are not supported`,
      "give a file, or an http, https or file URL",
    );
  }
  return cert;
}

/** The certificate in a file. @throws FileError when it cannot be read. */
export function readCertificateFile(path: string, io: Io): FoundCertificate {
  try {
    return { bytes: io.files.read(path), source: path, controller: null };
  } catch (error) {
    throw fileFailure(
      `cannot read the certificate file ${path}`,
      "give an existing file with --cert, or fetch one with: signet --fetch-cert > cert.pem",
      error,
    );
  }
}

function pathOfUrl(url: string): string {
  const wrong = () =>
    new UsageError("--cert: this file URL has no path on this machine", "write file:///path/to/cert.pem");
  if (!URL.canParse(url)) throw wrong();
  const { hostname, pathname } = new URL(url);
  if (hostname !== "" && hostname !== "localhost") throw wrong();
  try {
    // On Windows the path is `/C:/…`.
    return decodeURIComponent(pathname).replace(/^\/(?=[a-z]:)/i, "");
  } catch {
    throw wrong();
  }
}
