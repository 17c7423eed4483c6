import { annotatedScopeKind } from "../../shared/scope.ts";
import type { SealedSecret } from "../../shared/sealed-secret.ts";
import { ageInWords } from "../age-in-words.ts";
import { oneLine } from "../shown-text.ts";
import type { SyncState } from "./sync-state.ts";

/** A SealedSecret of the cluster, and how it stands. */
export type StatusRow = { sealedSecret: SealedSecret; state: SyncState };

/**
 * Rows for people: name, state, since when, and why.
 * @param withNamespace whether they stand in several.
 * @param isWide with items, scope, generation and the keys that opened it.
 */
export function statusTable(
  rows: readonly StatusRow[],
  { withNamespace, isWide, now }: { withNamespace: boolean; isWide: boolean; now: Date },
): string {
  if (rows.length === 0) return "";
  const head = [
    ...(withNamespace ? ["NAMESPACE"] : []),
    "NAME",
    "STATE",
    "SINCE",
    ...(isWide ? ["ITEMS", "SCOPE", "GENERATION", "KEYS"] : []),
    "REASON",
    "WHY",
  ];
  const lines = rows.map(({ sealedSecret, state }) => {
    const { metadata, spec } = sealedSecret;
    const wide = [
      `${Object.keys(spec.encryptedData).length}`,
      annotatedScopeKind(metadata.annotations),
      `${metadata.generation ?? "-"}`,
      keysOf(sealedSecret).map(shortened).join(",") || "-",
    ];
    return [
      ...(withNamespace ? [metadata.namespace ?? ""] : []),
      metadata.name,
      state.kind,
      state.since === null ? "-" : ageInWords(now.getTime() - new Date(state.since).getTime()),
      ...(isWide ? wide : []),
      state.reason ?? "-",
      state.message ?? "",
    ].map(oneLine);
  });
  const all = [head, ...lines];
  const widths = head.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0)));
  return all
    .map((line) => line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  "))
    .map((line) => `${line.trimEnd()}\n`)
    .join("");
}

/** Fingerprints of the keys that opened it, as its controller says. */
export function keysOf({ status }: SealedSecret): string[] {
  const keys = status?.signet?.["keys"];
  return Array.isArray(keys) ? keys.filter((key) => typeof key === "string") : [];
}

/** Enough to tell one from another. */
function shortened(fingerprint: string): string {
  return fingerprint.slice(0, "SHA256:".length + 8);
}
