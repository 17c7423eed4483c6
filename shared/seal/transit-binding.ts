import type { Bytes } from "../bytes.ts";
import { KeyServiceError } from "./key-service-error.ts";
import { transitKeyText } from "./key-text.ts";
import type { TransitApi, TransitCiphertext, TransitKeyName, TransitOpened } from "./transit-api.ts";
import { type KnownVaultKey, type VaultKeyProofs, wrongPlace } from "./vault-key-proofs.ts";
import { isVaultCiphertext } from "./vault-value.ts";

/**
 * Encrypts values under a key that is proven to bind them to their places: where the caller may decrypt, by one of the
 * ciphertexts at a wrong place. Where the caller may not, the key's description stands.
 * @param values at least one.
 * @returns Vault's texts, in the order of the values.
 * @throws KeyServiceError as Vault's calls; `unusable` when the key opens a value at a wrong place.
 */
export async function encryptBound(
  api: TransitApi,
  name: TransitKeyName,
  values: readonly { plaintext: Uint8Array; place: Bytes }[],
  proofs: VaultKeyProofs,
  signal: AbortSignal,
): Promise<string[]> {
  const known = await proofs.look(api, name, signal);
  const texts = await asDescribed(name, proofs, () => api.encrypt(name, known.key.binding, values, signal));
  if (texts.length !== values.length || !texts.every(isVaultCiphertext)) throw oddAnswer(name);
  const [first, text] = [values[0], texts[0]];
  if (known.binds === null && first !== undefined && text !== undefined)
    await prove(api, name, known, misplaced({ ciphertext: text, place: first.place }), proofs, signal);
  return texts;
}

async function prove(
  api: TransitApi,
  name: TransitKeyName,
  { key }: KnownVaultKey,
  value: TransitCiphertext,
  proofs: VaultKeyProofs,
  signal: AbortSignal,
): Promise<void> {
  try {
    const answers = await api.decrypt(name, key.binding, [value], signal);
    wipe(answers);
    const [opened] = answers;
    proofs.conclude(name, key, { opensElsewhere: opened === undefined || "plaintext" in opened });
  } catch (error) {
    if (!(error instanceof KeyServiceError && error.fault === "denied")) throw error;
  }
}

/**
 * Decrypts values at their places under a key that is proven to bind them there. Where it is not proven yet, the first value
 * goes along at a wrong place, in the same call: only when it opens at its own and not there, anything is given out.
 * @param values at least one.
 * @returns what became of each, in the order of the values; null where it is not told, since the key is not proven.
 * @throws KeyServiceError as Vault's calls; `unusable` when the key opens a value at a wrong place.
 */
export async function decryptBound(
  api: TransitApi,
  name: TransitKeyName,
  values: readonly TransitCiphertext[],
  proofs: VaultKeyProofs,
  signal: AbortSignal,
): Promise<(TransitOpened | null)[]> {
  const { key, binds } = await proofs.look(api, name, signal);
  const probes = binds === null ? values.slice(0, 1).map(misplaced) : [];
  const answers = await asDescribed(name, proofs, () =>
    api.decrypt(name, key.binding, [...values, ...probes], signal),
  );
  const opened = answers.slice(0, values.length);
  const [first, elsewhere] = [opened[0], answers[values.length]];
  let mayBeUsed = false;
  try {
    if (answers.length !== values.length + probes.length) throw oddAnswer(name);
    if (binds === true || first === undefined) mayBeUsed = true;
    else if ("plaintext" in first) {
      proofs.conclude(name, key, { opensElsewhere: elsewhere === undefined || "plaintext" in elsewhere });
      mayBeUsed = true;
    }
    return mayBeUsed ? opened : opened.map((one) => ("plaintext" in one ? null : one));
  } finally {
    wipe(mayBeUsed ? answers.slice(values.length) : answers);
  }
}

/**
 * A key may have been made anew since it was described: when Vault cannot go on with it, the description is forgotten. Not
 * when it takes a request as wrong: whoever sends those must not have a key that others share proven again and again.
 */
async function asDescribed<Answer>(
  name: TransitKeyName,
  proofs: VaultKeyProofs,
  call: () => Promise<Answer>,
): Promise<Answer> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof KeyServiceError && error.fault === "unusable") proofs.forget(name);
    throw error;
  }
}

function misplaced({ ciphertext, place }: TransitCiphertext): TransitCiphertext {
  return { ciphertext, place: wrongPlace(place), isProbe: true };
}

function wipe(answers: readonly TransitOpened[]): void {
  for (const answer of answers) if ("plaintext" in answer) answer.plaintext.fill(0);
}

/** An answer that is none: fewer values than asked for, or texts that are no ciphertexts. */
function oddAnswer(name: TransitKeyName): KeyServiceError {
  return new KeyServiceError(
    "unavailable",
    `Vault answered for the key ${transitKeyText(name)} with something other than asked for`,
    "check that the address is Vault's, and what stands between",
  );
}
