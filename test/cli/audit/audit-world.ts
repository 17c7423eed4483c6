import assert from "node:assert/strict";
import { startGit } from "../../../cli/system-git.ts";
import type { GitRepository } from "../../support/git-repository.ts";
import { type MemoryRun, runInMemory } from "../../support/memory-io.ts";
import { newer, older, type Pair } from "../inventory/inventory-world.ts";

/** When these tests run: 500 days after the older key began, 135 after the newer one. */
export const NOW = new Date("2026-05-16T00:00:00Z");

/** A backup of a key, with its certificate. */
export function backupOf(pair: Pair): string {
  const encoded = (text: string) => Buffer.from(text).toString("base64");
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: "key", namespace: "kube-system" },
    data: { "tls.crt": encoded(pair.certificatePem), "tls.key": encoded(pair.privateKeyPem) },
  });
}

/** Files with the keys under the names that tests give them. */
export const KEY_FILES: Readonly<Record<string, string>> = {
  "older.json": backupOf(older),
  "newer.json": backupOf(newer),
  "bare.pem": newer.privateKeyPem,
  "older.crt": older.certificatePem,
  "newer.crt": newer.certificatePem,
};

/** Runs `signet audit` in memory, with the keys' files beside those given. */
export function audit(
  args: readonly string[],
  files: Readonly<Record<string, string>> = {},
  repository?: GitRepository,
): Promise<MemoryRun> {
  return runInMemory(["audit", ...args], {
    files: { ...KEY_FILES, ...files },
    now: NOW,
    ...(repository === undefined
      ? {}
      : { git: async (gitArgs) => startGit(gitArgs, repository.env, repository.folder) }),
  });
}

/** What is told of values as JSON. */
export type ToldValue = {
  name: string;
  item: string;
  key: string | null;
  proof: string;
  keyAgeDays: number | null;
  scope: string;
  backend: string;
  outcome: string;
  findings: { rule: string; what: string; fails: boolean }[];
};

/** The report as JSON. */
export type ToldAudit = {
  values: ToldValue[];
  keys: {
    key: string;
    state: string;
    ageDays: number | null;
    opened: number;
    claimed: number;
    objects: string[];
  }[];
  duplicates: { mark: string; items: string[] }[];
  clusterId: string | null;
  problems: { where: string }[];
};

/** Reads a JSON report. */
export function toldAudit({ stdout, stderr }: MemoryRun): ToldAudit {
  assert.notEqual(stdout, "", stderr);
  return JSON.parse(stdout) as ToldAudit;
}
