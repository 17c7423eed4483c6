import type { SopsRecipient } from "../../../shared/document/sops/metadata.ts";
import { InputError } from "../../../shared/errors.ts";
import { transitKeyText } from "../../../shared/seal/key-text.ts";
import { parseWrappingKey, type WrappingKey, wrappingKeyText } from "../../../shared/seal/wrapping-key.ts";
import type { PublishedKeys } from "../published-keys.ts";
import type { SealingKey } from "../sealing-key.ts";

/**
 * The recipients of a backup that do not need the keys which wrap the sealing keys in the cluster: only with one of those
 * the sealing keys are left when a wrapping key is lost.
 * @param wrapping keys that sealing keys are wrapped by, or will be.
 */
export function independentRecipients(
  recipients: readonly SopsRecipient[],
  wrapping: readonly WrappingKey[],
): SopsRecipient[] {
  return recipients.filter((recipient) => !wrapping.some((key) => mayBe(recipient, key)));
}

/** The keys that sealing keys are wrapped by, and the one that the controller wraps new ones by. */
export function wrappingKeysOf(
  keys: readonly SealingKey[],
  settings: PublishedKeys["settings"],
): WrappingKey[] {
  const coming =
    typeof settings === "string" || settings.wrap === null ? null : parseWrappingKey(settings.wrap);
  return [...keys.map(({ wrappedBy }) => wrappedBy), coming].filter((key) => key !== null);
}

/** @throws InputError when all recipients need what wraps the sealing keys. */
export function requireIndependent(
  recipients: readonly SopsRecipient[],
  wrapping: readonly WrappingKey[],
): SopsRecipient[] {
  const independent = independentRecipients(recipients, wrapping);
  if (independent.length > 0) return independent;
  const keys = [...new Set(wrapping.map(wrappingKeyText))].join(", ");
  throw new InputError(
    `the sealing keys are wrapped by ${keys}, and no recipient of the backup is another key: with that one, both would be lost`,
    "name a recipient that lies elsewhere, such as --age age1…",
  );
}

/** Recipients in few words, as annotations name them: `age1…`, `kms:ARN`, `vault:MOUNT/KEY`, with commas between them. */
export function recipientsText(recipients: readonly SopsRecipient[]): string {
  return recipients.map(recipientText).join(",");
}

const SHOWN_LENGTH = 80;

function recipientText(recipient: SopsRecipient): string {
  switch (recipient.type) {
    case "age":
      // Post-quantum ones have two thousand letters.
      return recipient.recipient.length <= SHOWN_LENGTH
        ? recipient.recipient
        : `${recipient.recipient.slice(0, 20)}…`;
    case "kms":
      return `kms:${recipient.arn}`;
    case "hc_vault":
      return `vault:${recipient.enginePath}/${recipient.keyName}`;
  }
}

/** Whether a recipient is, for all that can be seen, the key itself. Vault's address is not known of a wrapping key. */
function mayBe(recipient: SopsRecipient, key: WrappingKey): boolean {
  if (recipient.type === "kms") return key.service === "kms" && maySameKms(recipient.arn, key.key);
  if (recipient.type === "hc_vault")
    return (
      key.service === "vault" && `${recipient.enginePath}/${recipient.keyName}` === transitKeyText(key.name)
    );
  return false;
}

/** An alias may lead to any key of its account and region; one key of many regions has the same id in all. */
function maySameKms(one: string, other: string): boolean {
  const [a, b] = [arnParts(one), arnParts(other)];
  if (a.account !== b.account) return false;
  if (a.resource === b.resource && (a.resource.startsWith("key/mrk-") || a.region === b.region)) return true;
  return a.region === b.region && [a, b].some(({ resource }) => resource.startsWith("alias/"));
}

function arnParts(arn: string): { region: string; account: string; resource: string } {
  const [, , , region = "", account = "", ...resource] = arn.split(":");
  return { region, account, resource: resource.join(":") };
}
