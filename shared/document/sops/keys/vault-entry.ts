import type { Bytes } from "../../../bytes.ts";
import { InputError, type SealError } from "../../../errors.ts";
import { KeyServiceError } from "../../../seal/key-service-error.ts";
import { parseTransitKeyName, transitKeyText } from "../../../seal/key-text.ts";
import type { TransitApi, TransitKeyName } from "../../../seal/transit-api.ts";
import type { SopsKeyEntry, SopsRecipient } from "../metadata.ts";
import { vaultAddressOf } from "./recipient-text.ts";

type VaultEntry = Extract<SopsKeyEntry, { type: "hc_vault" }>;
type VaultRecipient = Extract<SopsRecipient, { type: "hc_vault" }>;

/** The one Vault that entries may name, and which of its keys. */
export type SopsVault = {
  /** Scheme, host and port, as `vaultAddressOf` gives them: no other address gets our token. */
  address: string;
  /** The calls; nothing is asked before the first. */
  api: TransitApi;
  /** @param key `MOUNT/KEY`. */
  permits(key: string): boolean;
  /** What a user does who trusts the key. */
  hintFor(key: string): string;
  /** What a user does who trusts another address: by which flag or variable ours is set. */
  addressHint: string;
};

const CIPHERTEXT = /^vault:v[1-9]\d{0,8}:[A-Za-z0-9+/]+={0,2}$/;
const LONGEST_CIPHERTEXT = 16 * 1024;

/**
 * Has Vault decrypt an entry, if its address is the configured one and its key is allowed.
 * @returns what the entry wraps, or why it does not open.
 * @throws the signal's reason when aborted.
 */
export async function openVaultEntry(
  entry: VaultEntry,
  vault: SopsVault,
  signal: AbortSignal,
): Promise<{ share: Bytes } | { problem: SealError }> {
  try {
    const name = admittedName(entry, vault);
    const key = transitKeyText(name);
    if (entry.enc.length > LONGEST_CIPHERTEXT || !CIPHERTEXT.test(entry.enc))
      throw new InputError(`the entry of the Vault key ${key} has no ciphertext of Vault`, RESTORE);
    const opened = await vault.api.decryptUnbound(name, entry.enc, signal);
    if ("plaintext" in opened) return { share: opened.plaintext };
    throw opened.refused === "too-old"
      ? new InputError(
          `the entry of the Vault key ${key} is under a version that Vault no longer decrypts`,
          "lower min_decryption_version of the key, and have the document encrypted anew",
        )
      : new InputError(
          `the Vault key ${key} does not open its entry: it was not encrypted under it`,
          RESTORE,
        );
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof KeyServiceError || error instanceof InputError) return { problem: error };
    throw error;
  }
}

/**
 * Has Vault encrypt a data key, or a share of it, if its address is the configured one and its key is allowed.
 * @throws KeyServiceError; InputError for a recipient that has not its form.
 */
export async function wrapWithVault(
  recipient: VaultRecipient,
  share: Uint8Array,
  { vault, createdAt }: { vault: SopsVault; createdAt: string },
  signal: AbortSignal,
): Promise<VaultEntry> {
  const name = admittedName(recipient, vault);
  const enc = await vault.api.encryptUnbound(name, share, signal);
  const { vaultAddress, enginePath, keyName } = recipient;
  return { type: "hc_vault", vaultAddress, enginePath, keyName, createdAt, enc };
}

const RESTORE = "restore the document, or encrypt it anew";

/** @throws InputError, KeyServiceError (`not-allowed`): before any call. */
function admittedName(named: VaultRecipient, vault: SopsVault): TransitKeyName {
  const name = parseTransitKeyName(`${named.enginePath}/${named.keyName}`);
  if (name === null) throw new InputError("a Vault entry names no key of a Transit engine", RESTORE);
  const key = transitKeyText(name);
  const address = vaultAddressOf(named.vaultAddress);
  if (address !== vault.address)
    throw new KeyServiceError(
      "not-allowed",
      `the Vault key ${key} is at ${address ?? "no address of a server"}, and Vault is ${vault.address} here`,
      vault.addressHint,
    );
  if (vault.permits(key)) return name;
  throw new KeyServiceError("not-allowed", `the Vault key ${key} is not allowed here`, vault.hintFor(key));
}
