import type { Bytes } from "../../../bytes.ts";
import { InputError, type SealError } from "../../../errors.ts";
import type { SopsKeyEntry } from "../metadata.ts";
import { type AgeFile, ageLibrary, parseAgeFile, readArmor, throughStream } from "./age-file.ts";
import type { AgeIdentities, AgeIdentity } from "./age-identities.ts";
import { MissingIdentityError } from "./missing-identity-error.ts";
import { isAgeRecipient, shownRecipient } from "./recipient-text.ts";

type AgeEntry = Extract<SopsKeyEntry, { type: "age" }>;

/** An armored file for one recipient has 500 characters, or 3,000 under the post-quantum kind. */
const LONGEST_ENTRY = 16 * 1024;
/** sops writes one; each costs a try with every identity. */
const MOST_STANZAS = 8;
/** The kinds that identities of ours open; their recipients are `age1…` and `age1pq1…`. */
const OPENED: ReadonlySet<string> = new Set(["X25519", "mlkem768x25519"]);

/**
 * Opens an age entry with the identities at hand. The recipient that it names is only a sign which to try first: it is not
 * authenticated.
 * @param hint what gives the identity that is missing.
 * @returns what the entry wraps, or why it does not open.
 */
export async function openAgeEntry(
  entry: AgeEntry,
  { identities, problems }: AgeIdentities,
  hint: string,
): Promise<{ share: Bytes } | { problem: SealError }> {
  const name = `the age entry ${shownRecipient(entry.recipient)}`;
  const bytes = entry.enc.length > LONGEST_ENTRY ? null : readArmor(entry.enc);
  const file = bytes === null ? null : parseAgeFile(bytes);
  if (file === null || file.stanzas.length > MOST_STANZAS)
    return failed(`${name} is no age file as sops writes it`, RESTORE);
  if (!file.stanzas.some(({ type }) => OPENED.has(type)))
    return failed(`${name} is for a key of ${kindOf(file)}, which signet does not open`, OTHER_KIND);
  for (const identity of await inOrder(identities, entry.recipient)) {
    try {
      const share = await identity.open(file);
      if (share !== null) return { share };
    } catch {
      return failed(`${name} is broken: it does not open under its own key`, RESTORE);
    }
  }
  const [unread] = problems;
  const why = unread === undefined ? "" : ` (and ${unread.message})`;
  const have = identities.length === 0 ? "there is no age identity" : "no age identity at hand";
  const cause = identities.length === 0 ? `${have} to open ${name} with` : `${have} opens ${name}`;
  return { problem: new MissingIdentityError(`${cause}${why}`, unread?.hint ?? hint) };
}

/**
 * Wraps a data key, or a share of it, for a recipient: an age file of its own, armored.
 * @throws InputError for a recipient that is none which the library takes.
 */
export async function wrapForAge(recipient: string, share: Uint8Array): Promise<AgeEntry> {
  const { Encrypter, armor } = await ageLibrary();
  const encrypter = new Encrypter();
  try {
    if (!isAgeRecipient(recipient)) throw new Error("none");
    encrypter.addRecipient(recipient);
  } catch {
    throw new InputError(
      `the age recipient ${shownRecipient(recipient)} is none that signet can encrypt for`,
      "name recipients as age-keygen shows them: age1… or age1pq1…",
    );
  }
  const file = await throughStream(share, (stream) => encrypter.encrypt(stream));
  return { type: "age", recipient, enc: armor.encode(file) };
}

/** A kind as it may be shown; documents have anything in its place. */
const KIND = /^[A-Za-z0-9][A-Za-z0-9./_-]{0,39}$/;
const RESTORE = "restore the document, or encrypt it anew";
const OTHER_KIND = "open it with sops itself, and have it encrypted for an identity of age-keygen, too";

async function inOrder(
  identities: readonly AgeIdentity[],
  recipient: string,
): Promise<readonly AgeIdentity[]> {
  if (identities.length < 2) return identities;
  const named: AgeIdentity[] = [];
  for (const identity of identities) if ((await identity.recipient()) === recipient) named.push(identity);
  return [...named, ...identities.filter((identity) => !named.includes(identity))];
}

/** Its first stanza's: sops writes one. */
function kindOf({ stanzas }: AgeFile): string {
  const type = stanzas[0]?.type ?? "";
  return KIND.test(type) ? `the kind ${type}` : "another kind";
}

function failed(message: string, hint: string): { problem: SealError } {
  return { problem: new InputError(message, hint) };
}
