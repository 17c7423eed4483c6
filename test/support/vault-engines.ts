import { isRecord } from "./control-plane/kube-object.ts";
import { waitUntil } from "./control-plane/wait-until.ts";
import { succeed } from "./vault-request.ts";
import type { VaultServer } from "./vault-server.ts";

/** Mounts the transit engine, which encrypts without storing. */
export async function enableTransit(vault: VaultServer, mount = "transit"): Promise<void> {
  await succeed(vault.request, "POST", `sys/mounts/${mount}`, { type: "transit" });
}

/** A key of a transit engine. */
export type TransitKey = {
  /** Mount of its engine; "transit" by default. */
  mount?: string;
  name: string;
  /** Whether each context has a key of its own; no by default. */
  derived?: boolean;
  /** aes256-gcm96 by default. */
  type?: string;
};

/** Makes a key in version 1. */
export async function createTransitKey(vault: VaultServer, key: TransitKey): Promise<void> {
  const { mount = "transit", name, derived = false, type = "aes256-gcm96" } = key;
  await succeed(vault.request, "POST", `${mount}/keys/${name}`, { type, derived });
}

/** Gives a key its next version, with which it encrypts from then on. */
export async function rotateTransitKey(vault: VaultServer, { mount, name }: TransitKey): Promise<void> {
  await succeed(vault.request, "POST", `${mount ?? "transit"}/keys/${name}/rotate`);
}

/** Sets `min_decryption_version` and the like: https://developer.hashicorp.com/vault/api-docs/secret/transit#update-key-configuration */
export async function configureTransitKey(
  vault: VaultServer,
  { mount, name }: TransitKey,
  settings: Readonly<Record<string, unknown>>,
): Promise<void> {
  await succeed(vault.request, "POST", `${mount ?? "transit"}/keys/${name}/config`, settings);
}

/** Mounts the key-value engine in version 2, and waits until it takes writes. */
export async function enableKv(vault: VaultServer, mount = "secret"): Promise<void> {
  await succeed(vault.request, "POST", `sys/mounts/${mount}`, { type: "kv", options: { version: "2" } });
  // For a moment it makes itself ready for versions, and refuses to be used.
  await waitUntil({ what: `${mount} to be ready`, everyMs: 10 }, async () => {
    const { status } = await vault.request("GET", `${mount}/config`);
    return status === 200 ? true : null;
  });
}

/** Where an entry of a key-value engine is. */
export type KvPath = {
  /** Mount of its engine; "secret" by default. */
  mount?: string;
  /** Path below it, without "data". */
  path: string;
};

/**
 * Writes an entry's next version.
 * @returns its number.
 */
export async function writeKv(
  vault: VaultServer,
  at: KvPath,
  data: Readonly<Record<string, unknown>>,
): Promise<number> {
  const body = await succeed(vault.request, "POST", pathOf(at, "data"), { data });
  const version = isRecord(body) && isRecord(body["data"]) ? body["data"]["version"] : undefined;
  if (typeof version !== "number") throw new Error(`no version was made of ${at.path}`);
  return version;
}

/** Deletes versions, which can be undone, or destroys their data, which cannot. */
export async function changeKvVersions(
  vault: VaultServer,
  verb: "delete" | "undelete" | "destroy",
  at: KvPath,
  versions: readonly number[],
): Promise<void> {
  await succeed(vault.request, "PUT", pathOf(at, verb), { versions });
}

/** Removes an entry with all of its versions and metadata. */
export async function removeKv(vault: VaultServer, at: KvPath): Promise<void> {
  await succeed(vault.request, "DELETE", pathOf(at, "metadata"));
}

function pathOf({ mount = "secret", path }: KvPath, part: string): string {
  return `${mount}/${part}/${path}`;
}
