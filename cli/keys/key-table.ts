import { wrappingKeyText } from "../../shared/seal/wrapping-key.ts";
import { ageInWords } from "../age-in-words.ts";
import { inColumns } from "../audit/columns.ts";
import { countOf, type KeyNeeds } from "./key-needs.ts";
import type { PublishedKeys } from "./published-keys.ts";
import type { SealingKey } from "./sealing-key.ts";

/** What is told of a sealing key; times in RFC 3339. */
export type KeyRow = {
  name: string;
  fingerprint: string;
  /** Of the label: `active`, `wrapped`, `retired`, `compromised`, or what else stands there. */
  state: string;
  /** Whether it seals; null where that is not known. */
  seals: boolean | null;
  /** Why it does not seal though it is in use, where it would have to be said first. */
  waitsFor: "backup" | "promotion" | null;
  /** `kms:ARN` or `vault:MOUNT/KEY`; null for a key that lies open in its Secret. */
  wrappedBy: string | null;
  notBefore: string;
  notAfter: string;
  /** The annotations about promotion and backup; null for none. */
  promoted: string | null;
  backup: string | null;
  /** How many need it; null where that is not known. */
  objects: number | null;
  values: number | null;
};

/** Sealing keys as they are told of, the newest first. */
export function keyRows(
  keys: readonly SealingKey[],
  published: PublishedKeys,
  needs: KeyNeeds | null,
): KeyRow[] {
  const { sealing } = published;
  const seals = typeof sealing === "string" ? null : sealing.fingerprint;
  const begin = ({ certificate }: SealingKey) => certificate.notBefore.getTime();
  return [...keys]
    .sort((a, b) => begin(b) - begin(a))
    .map((key) => {
      const { name, certificate, wrappedBy, promoted, backup, label, isInUse } = key;
      const count = needs === null ? null : countOf(needs.byKey.get(certificate.fingerprint));
      return {
        name,
        fingerprint: certificate.fingerprint,
        state: label,
        seals: isInUse ? (seals === null ? null : certificate.fingerprint === seals) : false,
        waitsFor: waitsFor(key, published),
        wrappedBy: wrappedBy === null ? null : wrappingKeyText(wrappedBy),
        notBefore: certificate.notBefore.toISOString(),
        notAfter: certificate.notAfter.toISOString(),
        promoted,
        backup,
        objects: count?.objects ?? null,
        values: count?.values ?? null,
      };
    });
}

/** The same for people. @param isWide with what wraps keys, and what their annotations say. */
export function keyTable(rows: readonly KeyRow[], now: Date, isWide: boolean): string {
  const head = ["NAME", "STATE", "SEALS", "AGE", "ENDS", "BACKUP", "OBJECTS", "VALUES"];
  const wide = ["WRAPPED BY", "PROMOTED"];
  const lines = rows.map((row) => [
    row.name,
    row.waitsFor === null ? row.state : `${row.state}, waits for ${row.waitsFor}`,
    row.seals === null ? "?" : row.seals ? "yes" : "-",
    ageInWords(now.getTime() - new Date(row.notBefore).getTime()),
    row.notAfter.slice(0, 10),
    isWide ? (row.backup ?? "-") : row.backup === null ? "-" : "yes",
    `${row.objects ?? "?"}`,
    `${row.values ?? "?"}`,
    ...(isWide ? [row.wrappedBy ?? "-", row.promoted ?? "-"] : []),
    row.fingerprint,
  ]);
  return inColumns([[...head, ...(isWide ? wide : []), "FINGERPRINT"], ...lines]);
}

function waitsFor(key: SealingKey, { settings }: PublishedKeys): KeyRow["waitsFor"] {
  if (!key.isInUse) return null;
  if (key.isMadeToWait && key.promoted === null) return "promotion";
  const isRequired = typeof settings !== "string" && settings.requireBackup;
  return key.awaitsBackup && isRequired ? "backup" : null;
}
