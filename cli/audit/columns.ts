import { oneLine } from "../shown-text.ts";

/** Rows in columns as wide as their longest cell, the last as it is; safe for a terminal. */
export function inColumns(rows: readonly (readonly string[])[]): string {
  const shown = rows.map((row) => row.map(oneLine));
  const count = Math.max(0, ...shown.map(({ length }) => length));
  const widths = Array.from({ length: count }, (_, column) =>
    Math.max(...shown.map((row) => row[column]?.length ?? 0)),
  );
  return shown
    .map((row) => row.map((cell, column) => cell.padEnd(column < row.length - 1 ? (widths[column] ?? 0) : 0)))
    .map((cells) => `${cells.join("  ").trimEnd()}\n`)
    .join("");
}

const SHORT = "SHA256:".length + 8;

/** Enough of a fingerprint to tell one from another, and to name it by; other keys as they are. */
export function shortKey(key: string): string {
  return key.startsWith("SHA256:") && key.length > SHORT ? `${key.slice(0, SHORT)}…` : key;
}
