import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isRecord } from "./control-plane/kube-object.ts";
import { succeed } from "./vault-request.ts";
import type { VaultServer } from "./vault-server.ts";

/** One request that Vault has answered, as its audit log has it. */
export type VaultAuditEntry = {
  /** read, list, create, update, delete, … */
  operation: string;
  /** Such as "transit/decrypt/app". */
  path: string;
  /** Who asked: "root", "kubernetes-shop-signet"; empty without a token. */
  displayName: string;
  /** What was wrong, in Vault's words; null when nothing was. */
  error: string | null;
  /** The line as it is, in which values and tokens are keyed hashes. */
  line: string;
};

/**
 * Has Vault keep an audit log in `folder`.
 * @returns a function that reads what it has answered so far, oldest first.
 */
export async function keepVaultAuditLog(
  vault: VaultServer,
  folder: string,
): Promise<() => Promise<VaultAuditEntry[]>> {
  const file = join(folder, "vault-audit.log");
  await succeed(vault.request, "PUT", "sys/audit/file", { type: "file", options: { file_path: file } });
  return async () => {
    const text = await readFile(file, "utf8");
    const lines = text.slice(0, text.lastIndexOf("\n") + 1).split("\n");
    return lines.filter((line) => line.includes('"type":"response"')).map(parseEntry);
  };
}

function parseEntry(line: string): VaultAuditEntry {
  const record = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});
  const string = (value: unknown): string => (typeof value === "string" ? value : "");
  const entry = record(JSON.parse(line));
  const request = record(entry["request"]);
  const error = string(entry["error"]);
  return {
    operation: string(request["operation"]),
    path: string(request["path"]),
    displayName: string(record(entry["auth"])["display_name"]),
    error: error === "" ? null : error,
    line,
  };
}
