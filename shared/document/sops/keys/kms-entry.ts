import { type Bytes, toBase64 } from "../../../bytes.ts";
import { InputError, type SealError } from "../../../errors.ts";
import { KeyServiceError } from "../../../seal/key-service-error.ts";
import { fromStrictBase64 } from "../../../seal/key-text.ts";
import type { KmsApi, KmsCaller } from "../../../seal/kms-api.ts";
import type { SopsKeyEntry, SopsRecipient } from "../metadata.ts";
import { checkedKms } from "./recipient-text.ts";

type KmsEntry = Extract<SopsKeyEntry, { type: "kms" }>;
type KmsRecipient = Extract<SopsRecipient, { type: "kms" }>;

/** What an entry names and may send our credentials, or have used, where nobody meant it: each is on a list, or is refused. */
export type KmsNamed =
  /** Key or alias ARN. */
  | { kind: "key"; text: string }
  /** ARN of a role. */
  | { kind: "role"; text: string }
  | { kind: "profile"; text: string }
  /** A pair of the encryption context, `NAME=VALUE`: a key's policy may go by it. */
  | { kind: "context"; text: string };

/** AWS KMS for entries, and what they may have done there. */
export type SopsKms = {
  /** The calls as somebody; nothing is asked, and nothing read, before the first. Caller and key are allowed by then. */
  api(caller: KmsCaller): KmsApi;
  permits(named: KmsNamed): boolean;
  /** What a user does who trusts it. */
  hintFor(named: KmsNamed): string;
};

const WORDS = { key: "key", role: "role", profile: "profile", context: "encryption context pair" } as const;

/**
 * Has KMS decrypt an entry, if all that it names is allowed.
 * @returns what the entry wraps, or why it does not open.
 * @throws the signal's reason when aborted.
 */
export async function openKmsEntry(
  entry: KmsEntry,
  kms: SopsKms,
  signal: AbortSignal,
): Promise<{ share: Bytes } | { problem: SealError }> {
  try {
    requireAllowed(entry, kms);
    const blob = fromStrictBase64(entry.enc);
    if (blob === null || blob.length === 0)
      throw new InputError(`the entry of the KMS key ${entry.arn} has no ciphertext in base64`, RESTORE);
    const { arn: key, context, awsProfile: profile, role } = entry;
    const share = await kms.api({ profile, role }).decrypt({ key, blob }, context, signal);
    if (share !== null) return { share };
    throw new InputError(
      `the KMS key ${entry.arn} does not open its entry: ciphertext, key and encryption context do not belong together`,
      "restore the entry as it was written; the context is part of what was encrypted",
    );
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof KeyServiceError || error instanceof InputError) return { problem: error };
    throw error;
  }
}

/**
 * Has KMS encrypt a data key, or a share of it, if all that the recipient names is allowed.
 * @throws KeyServiceError; InputError for a recipient that has not its form.
 */
export async function wrapWithKms(
  recipient: KmsRecipient,
  share: Uint8Array,
  { kms, createdAt }: { kms: SopsKms; createdAt: string },
  signal: AbortSignal,
): Promise<KmsEntry> {
  requireAllowed(recipient, kms);
  const { arn, role, awsProfile, context } = recipient;
  const { blob } = await kms.api({ profile: awsProfile, role }).encrypt(arn, share, context, signal);
  return { type: "kms", arn, role, context, awsProfile, createdAt, enc: toBase64(blob) };
}

const RESTORE = "restore the document, or encrypt it anew";

/** @throws InputError, KeyServiceError (`not-allowed`): before any call. */
function requireAllowed(named: KmsRecipient, kms: SopsKms): void {
  const { arn, role, awsProfile, context } = checkedKms(named, "a KMS entry");
  const all: KmsNamed[] = [
    { kind: "key", text: arn },
    ...(role === "" ? [] : [{ kind: "role" as const, text: role }]),
    ...(awsProfile === "" ? [] : [{ kind: "profile" as const, text: awsProfile }]),
    ...Object.entries(context).map(([name, value]) => ({
      kind: "context" as const,
      text: `${name}=${value}`,
    })),
  ];
  for (const one of all) {
    if (kms.permits(one)) continue;
    const what = one.kind === "key" ? `the KMS key ${arn}` : `the ${WORDS[one.kind]} ${shown(one)} of ${arn}`;
    throw new KeyServiceError("not-allowed", `${what} is not allowed here`, kms.hintFor(one));
  }
}

/** Of a pair its name: the value is the document's affair, though the hint has to repeat it. */
function shown({ kind, text }: KmsNamed): string {
  return kind === "context" ? text.slice(0, text.indexOf("=")) : text;
}
