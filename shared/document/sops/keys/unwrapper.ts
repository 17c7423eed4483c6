import { InputError } from "../../../errors.ts";
import type { SopsUnwrapper, Unwrapped } from "../key-services.ts";
import type { SopsKeyEntry } from "../metadata.ts";
import { openAgeEntry } from "./age-entry.ts";
import type { AgeIdentities } from "./age-identities.ts";
import { openKmsEntry, type SopsKms } from "./kms-entry.ts";
import { shownRecipient } from "./recipient-text.ts";
import { openVaultEntry, type SopsVault } from "./vault-entry.ts";

/** What entries are unwrapped with; null for a service that is not set up here. */
export type SopsUnwrapping = {
  /** `hint`: what gives an identity that is missing: a flag, a variable, a labelled Secret. */
  age: { identities: AgeIdentities; hint: string } | null;
  kms: SopsKms | null;
  vault: SopsVault | null;
};

/** The data key, and a share of it with its number behind. */
const SHARE_LENGTHS: readonly number[] = [32, 33];
const SERVICES: Readonly<Record<string, string>> = {
  pgp: "PGP",
  gcp_kms: "GCP KMS",
  azure_kv: "Azure Key Vault",
  hckms: "Huawei Cloud KMS",
};

/**
 * Unwraps entries with the identities at hand and by the key services, each under its allow-list, which is asked before any
 * call.
 */
export function sopsUnwrapper(unwrapping: SopsUnwrapping): SopsUnwrapper {
  return {
    async unwrap(entry, signal) {
      signal.throwIfAborted();
      const unwrapped = await unwrap(entry, unwrapping, signal);
      if ("problem" in unwrapped || SHARE_LENGTHS.includes(unwrapped.share.length)) return unwrapped;
      unwrapped.share.fill(0);
      const problem = new InputError(
        `${entryName(entry)} holds something else than a data key`,
        "restore the document, or encrypt it anew",
      );
      return { problem };
    },
  };
}

async function unwrap(
  entry: SopsKeyEntry,
  { age, kms, vault }: SopsUnwrapping,
  signal: AbortSignal,
): Promise<Unwrapped> {
  switch (entry.type) {
    case "age":
      return age === null ? notSetUp("age") : openAgeEntry(entry, age.identities, age.hint);
    case "kms":
      return kms === null ? notSetUp("AWS KMS") : openKmsEntry(entry, kms, signal);
    case "hc_vault":
      return vault === null ? notSetUp("Vault") : openVaultEntry(entry, vault, signal);
    case "other": {
      const problem = new InputError(
        `signet does not open entries of ${serviceName(entry.list)}`,
        "open the document with sops itself, or have it encrypted for age, AWS KMS or Vault, too",
      );
      return { problem };
    }
  }
}

/** An entry as messages name it. */
function entryName(entry: SopsKeyEntry): string {
  switch (entry.type) {
    case "age":
      return `the age entry ${shownRecipient(entry.recipient)}`;
    case "kms":
      return `the entry of the KMS key ${entry.arn}`;
    case "hc_vault":
      return `the entry of the Vault key ${entry.enginePath}/${entry.keyName}`;
    case "other":
      return `an entry of ${serviceName(entry.list)}`;
  }
}

function serviceName(list: string): string {
  return SERVICES[list] ?? "a service that signet does not know";
}

function notSetUp(service: string): Unwrapped {
  const problem = new InputError(
    `${service} is not set up here to open SOPS documents with`,
    `set up ${service}, or have the document encrypted for what is set up`,
  );
  return { problem };
}
