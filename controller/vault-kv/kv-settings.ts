import { KeyAllowList } from "../../shared/seal/key-pattern.ts";
import type { KeyServiceSettings } from "../key-service-settings.ts";
import type { VaultReference } from "./vault-reference.ts";

/** What the controller's options say of Vault references. */
export type KvSettings = {
  /** Patterns of mounts. */
  mounts: readonly string[];
  /** Role to log in as; `{namespace}` stands for the object's. */
  role: string;
  authMount: string;
  /** Audience of the tokens that Vault is shown. */
  audience: string;
  /** How often Vault is asked for new versions where a reference does not say, in ms. */
  refreshMs: number;
  address: string;
  /** Namespace inside Vault; empty for none. */
  vaultNamespace: string;
};

/** Vault references in use, or why they are not: in words, naming the option. */
export type KvUse = { on: true; settings: KvSettings } | { on: false; why: string; isMeant: boolean };

/** Reads the options. What is missing turns references off: nobody's token is asked for by guess. */
export function kvUse(options: KeyServiceSettings): KvUse {
  const mounts = options["vault-kv-mounts"];
  if (mounts.length === 0)
    return { on: false, why: "no mount is allowed (--vault-kv-mounts)", isMeant: false };
  const missing = (["vault-addr", "vault-kv-role", "vault-kv-audience"] as const).filter(
    (name) => options[name] === "",
  );
  if (missing.length > 0) {
    const names = missing.map((name) => `--${name}`).join(", ");
    return { on: false, why: `the controller lacks ${names}`, isMeant: true };
  }
  const settings = {
    mounts,
    role: options["vault-kv-role"],
    authMount: options["vault-kv-auth-mount"],
    audience: options["vault-kv-audience"],
    refreshMs: options["vault-kv-refresh-interval"],
    address: options["vault-addr"],
    vaultNamespace: options["vault-namespace"],
  };
  return { on: true, settings };
}

/** What of the settings decides which values a reference gets: an object in sync is looked at anew when it changes. */
export function kvRules(use: KvUse): unknown {
  if (!use.on) return null;
  const { refreshMs: _howOften, mounts, ...deciding } = use.settings;
  return { ...deciding, mounts: [...mounts].sort() };
}

/** The role of a namespace. */
export function roleOf({ role }: KvSettings, namespace: string): string {
  return role.replace("{namespace}", () => namespace);
}

/** Whether a mount may be named by objects of a namespace. */
export function mayName({ mounts }: KvSettings, { mount }: VaultReference, namespace: string): boolean {
  // Patterns of keys have one segment more.
  const patterns = mounts.map((pattern) => `${pattern}/x`);
  return new KeyAllowList("vault", patterns).permits(`${mount}/x`, namespace);
}
