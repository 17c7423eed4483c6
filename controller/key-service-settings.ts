import { UsageError } from "../shared/errors.ts";
import type { KEY_SERVICE_OPTIONS } from "./key-service-options.ts";
import type { OptionValues } from "./option-reader.ts";

/** The options of key services as read. */
export type KeyServiceSettings = OptionValues<typeof KEY_SERVICE_OPTIONS>;

/** What of these options a Secret can depend on: an object in sync is opened once more when any of it changes. */
export type KeyServiceRules = {
  kmsKeys: readonly string[];
  /** Left out where there are none, so that records made before there were such pairs hold. */
  kmsContexts?: readonly string[];
  vaultKeys: readonly string[];
  vault: { address: string; namespace: string } | null;
  clusterId: string | null;
};

/**
 * Refuses options that contradict each other.
 * @param clusterId the option of that name; `none` for a controller that is not to know its cluster.
 * @throws UsageError naming them.
 */
export function judgeKeyServices(settings: KeyServiceSettings, clusterId: string): void {
  const address = settings["vault-addr"];
  for (const [name, isGiven] of vaultUsers(settings)) {
    if (isGiven && address === "") {
      throw new UsageError(`--${name} is given, and --vault-addr is not`, "give the address of Vault");
    }
  }
  if (usesVaultItself(settings)) judgeLogin(settings);
  if (settings["vault-redirect-addrs"].length > 0 && address === "") {
    throw new UsageError(
      "--vault-redirect-addrs is given, and --vault-addr is not",
      "give the address that Vault is asked at first",
    );
  }
  for (const name of ["kms-allowed-keys", "vault-allowed-keys"] as const) {
    if (settings[name].length > 0 && clusterId === "none") {
      throw new UsageError(
        `--${name} and --cluster-id=none do not go together`,
        "values of key services are bound to a cluster: give its id, or leave the option out to have it asked for",
      );
    }
  }
}

/** Whether the controller asks Vault's Transit engines in its own name. */
export function usesVaultItself(settings: KeyServiceSettings): boolean {
  return vaultUsers(settings).some(([name, isGiven]) => isGiven && name !== "vault-kv-mounts");
}

/**
 * The rules of the records of objects in sync.
 * @returns null where no key service may be asked, as if there were none: nothing depends on the other options then.
 */
export function keyServiceRules(
  settings: KeyServiceSettings,
  clusterId: string | null,
): KeyServiceRules | null {
  const [kmsKeys, vaultKeys] = [settings["kms-allowed-keys"], settings["vault-allowed-keys"]];
  const contexts = settings["kms-allowed-contexts"];
  if (kmsKeys.length + vaultKeys.length === 0) return null;
  const vault = { address: settings["vault-addr"], namespace: settings["vault-namespace"] };
  return {
    kmsKeys: [...kmsKeys].sort(),
    ...(contexts.length === 0 ? {} : { kmsContexts: [...contexts].sort() }),
    vaultKeys: [...vaultKeys].sort(),
    vault: vaultKeys.length === 0 ? null : vault,
    clusterId,
  };
}

function vaultUsers(settings: KeyServiceSettings): (readonly [keyof KeyServiceSettings, boolean])[] {
  return [
    ["vault-allowed-keys", settings["vault-allowed-keys"].length > 0],
    ["sealing-key-wrap", settings["sealing-key-wrap"].startsWith("vault:")],
    ["sealing-key-unwrap", settings["sealing-key-unwrap"].some((key) => key.startsWith("vault:"))],
    ["vault-kv-mounts", settings["vault-kv-mounts"].length > 0],
  ];
}

function judgeLogin(settings: KeyServiceSettings): void {
  const byFile = settings["vault-auth-method"] === "token-file";
  if (byFile && settings["vault-token-file"] === "") {
    throw new UsageError(
      "--vault-auth-method=token-file is given, and --vault-token-file is not",
      "give the file that holds the token",
    );
  }
  if (!byFile && settings["vault-token-file"] !== "") {
    throw new UsageError(
      "--vault-token-file is given, and --vault-auth-method says kubernetes",
      "give --vault-auth-method=token-file, or leave the file out",
    );
  }
  if (!byFile && settings["vault-role"] === "") {
    throw new UsageError(
      "the controller is to log in to Vault, and --vault-role is not given",
      "give the role of Vault's Kubernetes auth method that the controller has",
    );
  }
}
