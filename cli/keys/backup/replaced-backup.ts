import { fromBase64, fromUtf8 } from "../../../shared/bytes.ts";
import { InputError, SealError } from "../../../shared/errors.ts";
import { readCertificate } from "../../../shared/seal/certificate.node.ts";
import type { Io } from "../../io.ts";
import type { SealingKey } from "../sealing-key.ts";
import { readBackup } from "./backup-document.ts";

/**
 * Looks at the file that a backup is to replace. Certificates lie open in it, so that it takes no key.
 * @param coming the keys that the new backup will hold.
 * @throws InputError where it holds others: their only copy may be there.
 */
export function requireNothingLost(file: string, coming: readonly SealingKey[], io: Io): void {
  const fingerprints = new Set(coming.map(({ certificate }) => certificate.fingerprint));
  const lost = fingerprintsIn(file, io).filter((one) => !fingerprints.has(one));
  if (lost.length === 0) return;
  throw new InputError(
    `${file} holds keys that the new backup will not hold: ${lost.join(", ")}`,
    "write to another file, copy those keys, too (name none; with --all those out of use), or give --overwrite to lose them there",
  );
}

/** None where the file is not there, or is no backup. */
function fingerprintsIn(file: string, io: Io): string[] {
  let bytes: Uint8Array;
  try {
    bytes = io.files.read(file);
  } catch {
    // Whether it can be written is seen when it is.
    return [];
  }
  try {
    return [...new Set(readBackup(bytes, file).unopened.flatMap(fingerprintOf))];
  } catch (error) {
    if (error instanceof SealError) return [];
    throw error;
  }
}

function fingerprintOf(object: unknown): string[] {
  const { data } = (object ?? {}) as { data?: Record<string, unknown> | null };
  const text = data?.["tls.crt"];
  const decoded = fromBase64(typeof text === "string" ? text : "");
  const pem = "bytes" in decoded ? fromUtf8(decoded.bytes) : null;
  if (pem === null || pem === "") return [];
  try {
    return [readCertificate(pem).fingerprint];
  } catch (error) {
    if (error instanceof SealError) return [];
    throw error;
  }
}
