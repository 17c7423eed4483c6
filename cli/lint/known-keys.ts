import { InputError, UsageError } from "../../shared/errors.ts";
import { CertificateError, readCertificate } from "../../shared/seal/certificate.node.ts";
import { certificateFile, readCertificateFile } from "../certificate-file.ts";
import type { Io } from "../io.ts";

/**
 * A sealing key that values may be for: its fingerprint, the bytes of its modulus, and the cluster of the project that it is pinned for;
 * null for a key of `--cert`.
 */
export type KnownKey = { fingerprint: string; modulusBytes: number; cluster: string | null };

/** A file with certificates, as `--cert` names it, and the cluster that a project pins it for. */
export type KnownFile = { path: string; cluster: string | null };

/** The keys that values may be for; null where nothing is known of them. */
export type KnownKeys = readonly KnownKey[] | null;

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/**
 * The keys of certificates in files; a file may hold several, one behind another.
 * @param files an address in place of one is refused: lint asks no network.
 * @throws UsageError, FileError, InputError naming the file.
 */
export function knownKeys(files: readonly KnownFile[], io: Io): KnownKeys {
  if (files.length === 0) return null;
  return files.flatMap(({ path: cert, cluster }) => {
    const path = certificateFile(cert);
    if (path === null) {
      throw new UsageError(
        "--cert: lint asks no network, and this is an address",
        "fetch the certificate first: signet --fetch-cert > cert.pem",
      );
    }
    const text = new TextDecoder().decode(readCertificateFile(path, io).bytes);
    // Without a block the reader says what is wrong.
    return (text.match(BLOCK) ?? [text]).map((pem) => ({ ...keyOf(pem, path), cluster }));
  });
}

function keyOf(pem: string, path: string): Omit<KnownKey, "cluster"> {
  try {
    const { fingerprint, publicKey } = readCertificate(pem);
    const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
    return { fingerprint, modulusBytes: Math.ceil(bits / 8) };
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    throw new InputError(`${path} ${error.message}`, error.hint, { cause: error });
  }
}
