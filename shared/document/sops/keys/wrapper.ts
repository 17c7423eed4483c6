import { InputError } from "../../../errors.ts";
import type { SopsWrapper } from "../key-services.ts";
import { wrapForAge } from "./age-entry.ts";
import { type SopsKms, wrapWithKms } from "./kms-entry.ts";
import { type SopsVault, wrapWithVault } from "./vault-entry.ts";

/** What data keys are wrapped with; null for a service that is not set up here. age takes nothing but the recipient. */
export type SopsWrapping = {
  kms: SopsKms | null;
  vault: SopsVault | null;
  /** For `created_at`. */
  now: () => Date;
};

/** Wraps data keys for age, and by the key services as far as recipients are allowed: who owns a key there reads all. */
export function sopsWrapper({ kms, vault, now }: SopsWrapping): SopsWrapper {
  return {
    async wrap(recipient, share, signal) {
      signal.throwIfAborted();
      const createdAt = `${now().toISOString().slice(0, 19)}Z`;
      switch (recipient.type) {
        case "age":
          return wrapForAge(recipient.recipient, share);
        case "kms":
          if (kms === null) throw notSetUp("AWS KMS");
          return wrapWithKms(recipient, share, { kms, createdAt }, signal);
        case "hc_vault":
          if (vault === null) throw notSetUp("Vault");
          return wrapWithVault(recipient, share, { vault, createdAt }, signal);
      }
    },
  };
}

function notSetUp(service: string): InputError {
  return new InputError(
    `${service} is not set up here to wrap data keys with`,
    `set up ${service}, or encrypt for other recipients`,
  );
}
