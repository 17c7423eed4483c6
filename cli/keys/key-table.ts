import { wrappingKeyText } from "../../shared/seal/wrapping-key.ts";
import { oneLine } from "../shown-text.ts";
import type { SealingKey } from "./sealing-key.ts";

/** What is told of a sealing key; times in RFC 3339. */
export type KeyRow = {
  name: string;
  fingerprint: string;
  /** `kms:ARN` or `vault:MOUNT/KEY`; null for a key that lies open in its Secret. */
  wrappedBy: string | null;
  notBefore: string;
  notAfter: string;
  /** The annotations about promotion and backup; null for none. */
  promoted: string | null;
  backup: string | null;
};

/** Sealing keys as they are told of, the newest first. */
export function keyRows(keys: readonly SealingKey[]): KeyRow[] {
  const begin = ({ certificate }: SealingKey) => certificate.notBefore.getTime();
  return [...keys]
    .sort((a, b) => begin(b) - begin(a))
    .map(({ name, certificate, wrappedBy, promoted, backup }) => ({
      name,
      fingerprint: certificate.fingerprint,
      wrappedBy: wrappedBy === null ? null : wrappingKeyText(wrappedBy),
      notBefore: certificate.notBefore.toISOString(),
      notAfter: certificate.notAfter.toISOString(),
      promoted,
      backup,
    }));
}

/** The same for people. */
export function keyTable(rows: readonly KeyRow[]): string {
  const lines = [
    ["NAME", "BEGAN", "WRAPPED BY", "BACKUP", "FINGERPRINT"],
    ...rows.map(({ name, notBefore, wrappedBy, promoted, backup, fingerprint }) => [
      name,
      notBefore.slice(0, 10),
      wrappedBy ?? "-",
      backup ?? "-",
      promoted === null ? fingerprint : `${fingerprint} (promoted ${promoted})`,
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "))
    .map((line) => `${oneLine(line.trimEnd())}\n`)
    .join("");
}
