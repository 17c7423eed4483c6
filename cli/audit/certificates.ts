import { fromBase64, fromUtf8 } from "../../shared/bytes.ts";
import { readDocuments } from "../../shared/document/read-documents.ts";
import { InputError } from "../../shared/errors.ts";
import { type Certificate, readCertificate } from "../../shared/seal/certificate.node.ts";

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * The sealing certificates in a file's text: PEM blocks, and `tls.crt` of Secrets as backups hold them. What else stands there
 * is passed over.
 */
export function certificatesIn(text: string): Certificate[] {
  const pems = text.includes("-----BEGIN ") ? [text] : secretCertificates(text);
  return pems.flatMap((pem) => [...pem.matchAll(BLOCK)].flatMap(([block]) => readable(block)));
}

function readable(pem: string): Certificate[] {
  try {
    return [readCertificate(pem)];
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}

function secretCertificates(text: string): string[] {
  try {
    return readDocuments(text, "the file").flatMap(({ value }) => {
      const encoded = field(field(value, "data"), "tls.crt");
      const decoded = fromBase64(typeof encoded === "string" ? encoded : "");
      const pem = "bytes" in decoded ? fromUtf8(decoded.bytes) : null;
      return pem === null ? [] : [pem];
    });
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return null;
  return (value as Record<string, unknown>)[name];
}
