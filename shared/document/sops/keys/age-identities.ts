import type { Decrypter } from "age-encryption";
import { type Bytes, fromUtf8 } from "../../../bytes.ts";
import { InputError, type SealError } from "../../../errors.ts";
import { type AgeFile, ageLibrary, isAgeFile, parseAgeFile, readArmor, throughStream } from "./age-file.ts";
import type { AgeIdentity } from "./age-identity.ts";
import { x25519Identity } from "./x25519-identity.ts";

export type { AgeIdentity } from "./age-identity.ts";

/** Identities at hand, each once, and what was given as one and is none that can be used. */
export type AgeIdentities = { identities: readonly AgeIdentity[]; problems: readonly SealError[] };

/**
 * Asks for the passphrase of an identity file. @param where names the file. @returns null when there is nobody to ask.
 */
export type AskPassphrase = (where: string) => Promise<string | null>;

/** No identity file is longer; the largest identities take 80 bytes a line. */
const LONGEST_SOURCE_BYTES = 1024 * 1024;
const MOST_IDENTITIES = 1000;
const NO_MATCH = "no identity matched any of the file's recipients";
const TOO_MUCH_WORK = "scrypt work factor is too high";

/**
 * Reads a source of identities: one a line, or several with blanks between them; lines that begin with `#` are comments
 * (https://c2sp.org/age; SOPS_AGE_KEY of sops has several a line). The source may itself be an age file under a passphrase.
 * Identities that are kept elsewhere (`AGE-PLUGIN-…`) and SSH keys are told as problems.
 * @param where names the source in problems; what it holds is never told.
 * @param ask null where nobody can be asked for a passphrase.
 * @throws what `ask` throws.
 */
export async function readAgeIdentities(
  source: Uint8Array,
  where: string,
  ask: AskPassphrase | null,
): Promise<AgeIdentities> {
  if (source.length > LONGEST_SOURCE_BYTES)
    return problem(`${where} is too long for age identities`, GIVE_ONE);
  const plain = isAgeFile(source) ? await unlocked(source, where, ask) : { text: source };
  if ("problems" in plain) return plain;
  const text = fromUtf8(plain.text);
  if (plain.text !== source) plain.text.fill(0);
  return text === null ? problem(`${where} is no text`, GIVE_ONE) : parseIdentities(text, where);
}

/** All identities of several sources, and all problems. An identity that comes again is left out. */
export async function joinAgeIdentities(sources: readonly AgeIdentities[]): Promise<AgeIdentities> {
  const all = sources.flatMap(({ identities }) => identities);
  const problems = sources.flatMap((source) => source.problems);
  if (all.length < 2) return { identities: all, problems };
  const byRecipient = new Map<string, AgeIdentity>();
  for (const identity of all) {
    const recipient = await identity.recipient();
    if (!byRecipient.has(recipient)) byRecipient.set(recipient, identity);
  }
  return { identities: [...byRecipient.values()], problems };
}

const GIVE_ONE = "give identities as age-keygen writes them: AGE-SECRET-KEY-1… or AGE-SECRET-KEY-PQ-1…";
const NOT_OPENED = "have the document encrypted for an identity of age-keygen, or open it with sops itself";

async function parseIdentities(text: string, where: string): Promise<AgeIdentities> {
  const identities: AgeIdentity[] = [];
  const problems: SealError[] = [];
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const place = `${where}, line ${at + 1}`;
    if (line.startsWith("-----BEGIN")) {
      problems.push(new InputError(`${place}: SSH keys are not taken as age identities`, NOT_OPENED));
      break;
    }
    for (const word of line.trim().split(/\s+/)) {
      const read = await identityOf(word, place);
      if (read instanceof InputError) problems.push(read);
      else identities.push(read);
      if (identities.length > MOST_IDENTITIES)
        return problem(
          `${where} has more than ${MOST_IDENTITIES} age identities`,
          "leave out those not in use",
        );
    }
  }
  if (identities.length === 0 && problems.length === 0)
    return problem(`${where} has no age identity`, GIVE_ONE);
  return joinAgeIdentities([{ identities, problems }]);
}

async function identityOf(word: string, place: string): Promise<AgeIdentity | InputError> {
  if (word.startsWith("AGE-PLUGIN-"))
    return new InputError(`${place}: identities of age plugins are not supported`, NOT_OPENED);
  const x25519 = x25519Identity(word);
  if (x25519 !== null) return x25519;
  if (!word.startsWith("AGE-SECRET-KEY-PQ-"))
    return new InputError(`${place}: this is no age identity`, GIVE_ONE);
  const library = await ageLibrary();
  const decrypter = new library.Decrypter();
  try {
    decrypter.addIdentity(word);
  } catch {
    return new InputError(`${place}: this is no age identity`, GIVE_ONE);
  }
  let recipient: Promise<string> | null = null;
  return {
    recipient: () => {
      recipient ??= library.identityToRecipient(word);
      return recipient;
    },
    open: (file) => openFile(decrypter, file),
  };
}

async function openFile(decrypter: Decrypter, { bytes }: AgeFile): Promise<Bytes | null> {
  try {
    return await throughStream(bytes, (stream) => decrypter.decrypt(stream));
  } catch (error) {
    if (error instanceof Error && error.message === NO_MATCH) return null;
    throw error;
  }
}

async function unlocked(
  source: Uint8Array,
  where: string,
  ask: AskPassphrase | null,
): Promise<{ text: Bytes } | AgeIdentities> {
  const isArmored = source[0] !== "a".charCodeAt(0);
  const bytes = isArmored ? readArmor(fromUtf8(source) ?? "") : Uint8Array.from(source);
  const file = bytes === null ? null : parseAgeFile(bytes);
  if (file === null) return problem(`${where} is no age file that can be read`, GIVE_ONE);
  if (file.stanzas.length !== 1 || file.stanzas[0]?.type !== "scrypt")
    return problem(`${where} is encrypted, and not by a passphrase`, GIVE_ONE);
  const passphrase = await ask?.(where);
  if (passphrase === undefined || passphrase === null)
    return problem(`${where} is under a passphrase, and nobody can be asked for it`, "give it decrypted");
  const { Decrypter } = await ageLibrary();
  const decrypter = new Decrypter();
  decrypter.addPassphrase(passphrase);
  try {
    const text = await openFile(decrypter, file);
    if (text !== null) return { text };
  } catch (error) {
    if (!(error instanceof Error) || error.message !== TOO_MUCH_WORK)
      return problem(`${where} is broken: it does not open under its passphrase`, GIVE_ONE);
    return problem(`${where} takes too much work to open`, "encrypt it again with age -p");
  }
  return problem(`this is not the passphrase of ${where}`, "try again");
}

function problem(message: string, hint: string): AgeIdentities {
  return { identities: [], problems: [new InputError(message, hint)] };
}
