import type { ItemFinding } from "../opening/item-finding.ts";
import { oneLine } from "../shown-text.ts";
import type { ClusterView, Explanation } from "./explanation.ts";

/** Explanations for people: an object's line, a line for each item, then what to do. */
export function explanationTable(explanations: readonly Explanation[]): string {
  return explanations.map((explanation) => objectLines(explanation).map(fit).join("")).join("\n");
}

function fit(line: string): string {
  return `${oneLine(line)}\n`;
}

function objectLines(explanation: Explanation): string[] {
  const { where, namespace, name, scope, items, problems, warnings, cluster } = explanation;
  const place = namespace === null ? name : `${namespace}/${name}`;
  const next = [
    ...problems.map(({ fix }) => fix),
    ...[...Map.groupBy(items, ({ fix }) => fix)].flatMap(([fix, group]) =>
      fix === null ? [] : [`${group.map(({ item }) => item).join(", ")}: ${fix}`],
    ),
  ];
  return [
    `${where}: ${place}, ${scope}`,
    ...itemLines(items),
    ...keyLines(items),
    ...problems.map(({ why }) => `  problem: ${why}`),
    ...warnings.map((warning) => `  warning: ${warning}`),
    ...(cluster === null ? [] : clusterLines(cluster, items)),
    ...next.map((step) => `  next: ${step}`),
  ];
}

function itemLines(items: readonly ItemFinding[]): string[] {
  if (items.length === 0) return ["  no encrypted items"];
  const rows = [
    ["ITEM", "STATE", "KEY", "WHY"],
    ...items.map((finding) => [finding.item, finding.state, keyOf(finding), finding.why ?? ""]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
    return `  ${cells.join("  ").trimEnd()}`;
  });
}

function keyOf({ key, keyBits, backend }: ItemFinding): string {
  const size = keyBits === null ? "" : `RSA ${keyBits}`;
  if (backend === "kms" || backend === "vault" || backend === "sops") return backend;
  if (key === null) return size === "" ? (backend === "classic" ? "-" : backend) : size;
  return key.claimed ? `${shortened(key.fingerprint)} (claimed)` : shortened(key.fingerprint);
}

/** Enough to tell one from another; the whole stands below the items. */
function shortened(fingerprint: string): string {
  return fingerprint.length > SHORT ? `${fingerprint.slice(0, SHORT)}…` : fingerprint;
}

const SHORT = "SHA256:".length + 8;

function keyLines(items: readonly ItemFinding[]): string[] {
  const keys = items.map(({ key }) => key).filter((key) => key !== null);
  const byFingerprint = new Map(keys.map((key) => [key.fingerprint, key.source]));
  return [...byFingerprint].map(
    ([fingerprint, source]) => `  key ${fingerprint}${source === null ? "" : ` from ${source}`}`,
  );
}

function clusterLines(view: ClusterView, items: readonly ItemFinding[]): string[] {
  const { server, found, sameAsFile, generation, observedGeneration, conditions, currentKey, openedWith } =
    view;
  const lines = [`  cluster ${server}: ${found ? "found there" : "not there"}`];
  if (found) {
    lines.push(
      `    values, scope and template: ${sameAsFile === true ? "those of the file" : "not those of the file"}`,
    );
    lines.push(
      `    generation ${generation ?? "unknown"}, controller looked at ${observedGeneration ?? "none yet"}`,
    );
  }
  for (const { type, status, reason, message } of conditions) {
    lines.push(
      `    ${type}=${status}${reason === null ? "" : ` ${reason}`}${message === null ? "" : `: ${message}`}`,
    );
  }
  if (openedWith.length > 0) lines.push(`    opened with ${openedWith.join(", ")}`);
  if (currentKey !== null) lines.push(`    seals with ${currentKey}${claimsOf(items, currentKey)}`);
  return lines;
}

/** The file's hints beside the key that seals now; a hint is a claim and no more. */
function claimsOf(items: readonly ItemFinding[], currentKey: string): string {
  // Values of key services name their own key, which is none that the cluster seals with.
  const claiming = items.filter(({ key, backend }) => backend === "classic" && key?.claimed === true);
  const others = claiming.filter(({ key }) => key?.fingerprint !== currentKey);
  if (claiming.length === 0) return "";
  if (others.length === 0) return ", as the file claims";
  return `; the file claims other keys for ${others.map(({ item }) => item).join(", ")}: older ones, or another cluster's`;
}
