import { InputError } from "../../../errors.ts";
import { isKmsAliasArn, isKmsKeyArn, parseTransitKeyName } from "../../../seal/key-text.ts";
import type { KmsContext } from "../../../seal/kms-api.ts";
import type { SopsRecipient } from "../metadata.ts";

/** X25519 (`age1…`) and the post-quantum hybrid (`age1pq1…`), by their form; `1` is no digit of theirs (BIP 173). */
const AGE_RECIPIENT = /^age1(?:pq1)?(?<digits>[02-9ac-hj-np-z]{58,2500})$/;
const SHOWN_LENGTH = 62;
const ROLE_ARN = /^arn:aws[a-z-]{0,20}:iam::\d{12}:role\/[A-Za-z0-9+=,.@_/-]{1,512}$/;
const PROFILE = /^[A-Za-z0-9][A-Za-z0-9._@+=,:/ -]{0,127}$/;
/** KMS takes no longer ones (https://docs.aws.amazon.com/kms/latest/developerguide/encrypt_context.html). */
const MOST_CONTEXT_CHARACTERS = 8192;

/** A KMS recipient. */
type KmsRecipient = Extract<SopsRecipient, { type: "kms" }>;
type VaultRecipient = Extract<SopsRecipient, { type: "hc_vault" }>;

/** Whether a text has the form of a recipient that age itself knows, without plugins and SSH. */
export function isAgeRecipient(text: string): boolean {
  return AGE_RECIPIENT.test(text);
}

/** A recipient as messages name it: a document may have anything in its place, and post-quantum ones fill a screen. */
export function shownRecipient(text: string): string {
  if (isAgeRecipient(text)) return text.length <= SHOWN_LENGTH ? text : `${text.slice(0, 20)}…`;
  const known = /^(?:ssh-ed25519|ssh-rsa)(?= )|^age1[a-z]{1,20}(?=1)/.exec(text)?.[0];
  return known === undefined ? "for a recipient of no known form" : `for a recipient ${known}…`;
}

/** Whether a text is the ARN of a role, as documents and lists name one to take on. */
export function isRoleArn(text: string): boolean {
  return ROLE_ARN.test(text);
}

/** Whether a text can be a profile of the shared configuration of AWS. */
export function isProfileName(text: string): boolean {
  return PROFILE.test(text);
}

/**
 * Recipients of age as sops takes them: with commas between them.
 * @param where names the flag, variable or field.
 * @throws InputError for what is none that can be encrypted for; it is not quoted, since private keys land in such places.
 */
export function readAgeRecipients(text: string, where: string): SopsRecipient[] {
  return partsOf(text).map((recipient, at) => {
    if (isAgeRecipient(recipient)) return { type: "age", recipient };
    const place = `${where}, recipient ${at + 1}`;
    if (/^AGE-SECRET-KEY-/i.test(recipient))
      throw new InputError(
        `${place} is a private key`,
        "name the recipient that belongs to it: age-keygen -y FILE",
      );
    if (/^ssh-/.test(recipient))
      throw new InputError(
        `${place} is an SSH key, which signet does not encrypt for`,
        "name an identity of age-keygen: age1…",
      );
    if (/^age1[a-z]+1/.test(recipient))
      throw new InputError(
        `${place} belongs to an age plugin, which signet does not encrypt for`,
        "name an identity of age-keygen: age1…",
      );
    throw new InputError(
      `${place} is no age recipient`,
      "name recipients as age-keygen shows them: age1… or age1pq1…",
    );
  });
}

/**
 * KMS keys as sops takes them: ARNs of keys or aliases with commas between them, each perhaps with `+` and the ARN of a role.
 * @param more what goes with all of them: sops has one profile and one context for a list.
 * @throws InputError for anything else.
 */
export function readKmsRecipients(
  text: string,
  where: string,
  { context = {}, awsProfile = "" }: { context?: KmsContext; awsProfile?: string } = {},
): SopsRecipient[] {
  return partsOf(text).map((part, at) => {
    const plus = part.indexOf("+");
    const [arn, role] = plus === -1 ? [part, ""] : [part.slice(0, plus).trim(), part.slice(plus + 1).trim()];
    return checkedKms({ type: "kms", arn, role, context, awsProfile }, `${where}, key ${at + 1}`);
  });
}

/** @throws InputError naming the part of a KMS recipient that has not its form. */
export function checkedKms(recipient: KmsRecipient, where: string): KmsRecipient {
  const { arn, role, awsProfile, context } = recipient;
  if (!isKmsKeyArn(arn) && !isKmsAliasArn(arn))
    throw new InputError(
      `${where} is no ARN of a KMS key or alias`,
      "write arn:aws:kms:REGION:ACCOUNT:key/ID or …:alias/NAME",
    );
  if (role !== "" && !isRoleArn(role))
    throw new InputError(`${where}: its role is no ARN of one`, "write ARN+arn:aws:iam::ACCOUNT:role/NAME");
  if (awsProfile !== "" && !isProfileName(awsProfile))
    throw new InputError(`${where}: its profile is no name of one`, "name a profile of ~/.aws/config");
  requireContext(context, where);
  return recipient;
}

/**
 * An encryption context as sops takes it: `key:value,key2:value2`, with neither `:` nor `,` in a value.
 * @throws InputError for anything else.
 */
export function readContext(text: string, where: string): KmsContext {
  const pairs = partsOf(text).map((part): [string, string] => {
    const [name = "", value, ...rest] = part.split(":");
    if (name.trim() === "" || value === undefined || rest.length > 0)
      throw new InputError(`${where} is no encryption context`, "write KEY:VALUE,KEY:VALUE");
    return [name.trim(), value.trim()];
  });
  if (new Set(pairs.map(([name]) => name)).size < pairs.length)
    throw new InputError(`${where} has one key twice`, "write each key once");
  const context = Object.fromEntries(pairs);
  requireContext(context, where);
  return context;
}

/**
 * A key of Vault's Transit engine as sops takes it: `https://HOST[:PORT]/v1/ENGINE/keys/KEY`.
 * @throws InputError for anything else.
 */
export function readVaultRecipient(text: string, where: string): VaultRecipient {
  const parts = /^(?<address>https?:\/\/[^/?#\s]+)\/v1\/(?<engine>[^?#\s]+)\/keys\/(?<key>[^/?#\s]+)$/i.exec(
    text.trim(),
  )?.groups;
  const vaultAddress = vaultAddressOf(parts?.["address"] ?? "");
  const name = parseTransitKeyName(`${parts?.["engine"] ?? ""}/${parts?.["key"] ?? ""}`);
  if (vaultAddress === null || name === null)
    throw new InputError(
      `${where} is no key of Vault's Transit engine`,
      "write https://HOST:PORT/v1/ENGINE/keys/KEY",
    );
  return { type: "hc_vault", vaultAddress, enginePath: name.mount, keyName: name.key };
}

/** Several of them, with commas between them. */
export function readVaultRecipients(text: string, where: string): SopsRecipient[] {
  return partsOf(text).map((part, at) => readVaultRecipient(part, `${where}, key ${at + 1}`));
}

/** The address of a Vault as it is compared: scheme, host and port in small letters. Null for what has more, or less. */
export function vaultAddressOf(text: string): string | null {
  if (!/^https?:\/\/[^/?#@\s\\]+\/?$/i.test(text) || !URL.canParse(text)) return null;
  return new URL(text).origin;
}

/** A recipient in one line, as it is shown: nothing in it is secret. */
export function recipientLine(recipient: SopsRecipient): string {
  switch (recipient.type) {
    case "age":
      return `age ${recipient.recipient}`;
    case "kms": {
      const { arn, role, awsProfile, context } = recipient;
      const pairs = Object.entries(context).toSorted(([a], [b]) => (a < b ? -1 : 1));
      return [
        `kms ${arn}`,
        ...(role === "" ? [] : [`role ${role}`]),
        ...(awsProfile === "" ? [] : [`profile ${awsProfile}`]),
        ...pairs.map(([name, value]) => `context ${name}=${value}`),
      ].join(", ");
    }
    case "hc_vault":
      return `vault ${recipient.vaultAddress}/v1/${recipient.enginePath}/keys/${recipient.keyName}`;
  }
}

function requireContext(context: KmsContext, where: string): void {
  const pairs = Object.entries(context);
  // Lists of what is allowed have pairs as NAME=VALUE.
  if (pairs.some(([name]) => name.includes("=")))
    throw new InputError(
      `${where}: a key of its encryption context has a =`,
      "encrypt the document for a context without it",
    );
  const length = pairs.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  if (length <= MOST_CONTEXT_CHARACTERS && pairs.every((pair) => pair.every(isPrintable))) return;
  throw new InputError(
    `${where}: its encryption context has what AWS KMS does not take`,
    "write printable texts, and no more than 8,192 characters of them",
  );
}

function isPrintable(text: string): boolean {
  return text !== "" && !/\p{C}/u.test(text);
}

function partsOf(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}
