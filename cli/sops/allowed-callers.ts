import type { KmsNamed } from "../../shared/document/sops/keys/kms-entry.ts";
import { isProfileName, isRoleArn } from "../../shared/document/sops/keys/recipient-text.ts";
import { UsageError } from "../../shared/errors.ts";
import { shellOperand, shellWord } from "../../shared/shell-word.ts";
import type { Io } from "../io.ts";
import { hasRecordPlace, readAllowedKeys } from "../key-services/allow-record.ts";
import type { SopsOpeningOptions } from "../options.ts";

/** A kind of thing that an entry of AWS KMS names beside its key. */
export type CallerKind = Exclude<KmsNamed["kind"], "key">;

/** What may stand beside the key in an entry of AWS KMS, of one kind. */
export type AllowedCallers = {
  permits(text: string): boolean;
  /** What a user does who trusts it. */
  hintFor(text: string): string;
};

/** How each kind is written, where it is allowed. */
export const CALLER_FORMS: Readonly<Record<CallerKind, { fits(text: string): boolean; form: string }>> = {
  role: { fits: isRoleArn, form: "write the ARN of a role: arn:aws:iam::ACCOUNT:role/NAME" },
  profile: { fits: isProfileName, form: "write the name of a profile of ~/.aws/config" },
  context: { fits: isPair, form: "write NAME=VALUE, or NAME=* for any value" },
};

const FLAGS = {
  role: "kms-allowed-roles",
  profile: "kms-allowed-profiles",
  context: "kms-allowed-contexts",
} as const satisfies Record<CallerKind, keyof SopsOpeningOptions>;

/**
 * The roles, profiles or pairs that documents may name: those of the flag, else those that this user has recorded.
 * @throws UsageError for what is none by its form; InputError for a record that cannot be used.
 */
export function allowedCallers(kind: CallerKind, options: SopsOpeningOptions, io: Io): AllowedCallers {
  const flag = FLAGS[kind];
  const given = options[flag].map((text) => text.trim()).filter((text) => text !== "");
  const unfit = given.find((text) => !CALLER_FORMS[kind].fits(text));
  if (unfit !== undefined)
    throw new UsageError(`invalid value ${JSON.stringify(unfit)} for --${flag}`, CALLER_FORMS[kind].form);
  const isGiven = given.length > 0;
  const allowed = new Set(isGiven ? given : recorded(kind, io));
  return {
    permits: (text) =>
      allowed.has(text) || (kind === "context" && allowed.has(`${text.slice(0, text.indexOf("="))}=*`)),
    hintFor: (text) =>
      !isGiven && hasRecordPlace(io)
        ? `if you trust it, allow it: signet allow kms-${kind} ${shellOperand(text)}`
        : `if you trust it, name it with --${flag} ${shellWord(text)}`,
  };
}

function recorded(kind: CallerKind, io: Io): string[] {
  return readAllowedKeys(io).flatMap(({ service, pattern }) => (service === `kms-${kind}` ? [pattern] : []));
}

function isPair(text: string): boolean {
  return /^[^=\p{C}]+=[^\p{C}]+$/u.test(text);
}
