import { X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { FileError } from "../../shared/errors.ts";

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * The certificates of the authorities that Vault's is signed by.
 * @param path of `--vault-ca-file`; empty for none.
 * @returns PEM; null for none.
 * @throws FileError naming the option when the file cannot be read or holds no certificate.
 */
export async function readVaultCa(path: string): Promise<string | null> {
  if (path === "") return null;
  const option = "--vault-ca-file";
  const text = await readFile(path, "utf8").catch(() => {
    throw new FileError(
      `the file of ${option} cannot be read`,
      "check its path and that the controller may read it",
    );
  });
  const certificates = text.match(CERTIFICATE) ?? [];
  if (certificates.length === 0 || !certificates.every(isCertificate)) {
    throw new FileError(
      `the file of ${option} does not hold certificates in PEM form`,
      "give the certificates of the authorities that sign Vault's, each between BEGIN CERTIFICATE and END CERTIFICATE",
    );
  }
  return certificates.join("\n");
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}
