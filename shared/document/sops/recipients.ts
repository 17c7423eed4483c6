import { nameOf } from "./data-key.ts";
import type { SopsKeyEntry, SopsRecipient } from "./metadata.ts";
import { SopsError } from "./sops-error.ts";

/**
 * Whom the entries of a document are wrapped for.
 * @param where names the document in errors.
 * @throws SopsError (not-rewrappable) naming the services that we do not have: their entries would be lost.
 */
export function recipientsOf(groups: readonly (readonly SopsKeyEntry[])[], where: string): SopsRecipient[][] {
  const foreign = groups.flat().filter(({ type }) => type === "other");
  if (foreign.length > 0) {
    throw new SopsError(
      "not-rewrappable",
      `${where}: signet cannot wrap a new key for ${[...new Set(foreign.map(nameOf))].join(", ")}`,
      "use sops for this, or take those keys out with sops first",
    );
  }
  return groups.map((group) => group.flatMap((entry) => recipientOf(entry) ?? []));
}

/** Whom an entry is wrapped for; null for one of a service that we do not have. */
export function recipientOf(entry: SopsKeyEntry): SopsRecipient | null {
  switch (entry.type) {
    case "age":
      return { type: entry.type, recipient: entry.recipient };
    case "kms": {
      const { type, arn, role, context, awsProfile } = entry;
      return { type, arn, role, context, awsProfile };
    }
    case "hc_vault": {
      const { type, vaultAddress, enginePath, keyName } = entry;
      return { type, vaultAddress, enginePath, keyName };
    }
    case "other":
      return null;
  }
}

/** A text that two recipients share only when they are the same. */
export function identityOf(recipient: SopsRecipient): string {
  switch (recipient.type) {
    case "age":
      return JSON.stringify([recipient.type, recipient.recipient]);
    case "kms": {
      const context = Object.entries(recipient.context).toSorted(([a], [b]) => (a < b ? -1 : 1));
      return JSON.stringify([recipient.type, recipient.arn, recipient.role, recipient.awsProfile, context]);
    }
    case "hc_vault":
      return JSON.stringify([
        recipient.type,
        recipient.vaultAddress,
        recipient.enginePath,
        recipient.keyName,
      ]);
  }
}
